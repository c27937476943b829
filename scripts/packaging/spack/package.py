"""Spack's recipe. `scripts/package.sh recipes` fills in version, address and checksum."""
from spack_repo.builtin.build_systems.meson import MesonPackage

from spack.package import *


class Pipetrain(MesonPackage):
    """Trains neural networks in pipelines of MPI ranks, on CPUs."""

    url = "@url@"
    license("MIT")
    version("@version@", sha256="@sha256@")

    variant("native", default=False, description="compile for this processor only; kernels choose at run time anyway")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("meson@1.0:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("python@3.9:", type="build")
    depends_on("mpi")
    depends_on("onednn@2.6:")
    depends_on("openblas")
    depends_on("yaml-cpp")
    depends_on("spdlog")
    depends_on("nlohmann-json")
    depends_on("cli11")
    depends_on("libevent@2.1:")
    depends_on("zlib-api")
    depends_on("zstd")
    depends_on("pcre2@10.40:")
    depends_on("utf8proc@2.5:")
    depends_on("catch2@2.13:", type="test")
    conflicts("%gcc@:11", msg="needs C++20 as of g++ 12")
    conflicts("%clang@:13", msg="needs C++20 as of clang++ 14")

    def meson_args(self):
        yes_or_no = {True: "true", False: "false"}
        return [f"-Dmpi={self.spec['mpi'].mpicc}", f"-Dtests={yes_or_no[self.run_tests]}",
                f"-Dnative={yes_or_no[self.spec.satisfies('+native')]}"]
