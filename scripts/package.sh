#!/usr/bin/env bash
# Makes what others install, in build-package/ (or PIPETRAIN_PACKAGES):
#   scripts/package.sh tarball             pipetrain-VERSION.tar.xz: a release, of what is committed; it builds alone
#   scripts/package.sh debian              that, and a package for this release of Debian, pipetrain_VERSION-1_ARCH.deb;
#                                          then lintian, whose warnings are errors, too
#   scripts/package.sh recipes [ADDRESS]   that tarball, and the recipes of scripts/packaging/ (Spack, EasyBuild,
#                                          conda-forge) with its checksum, and the address where it will lie (default:
#                                          the file itself)
# The packager is DEBFULLNAME <DEBEMAIL>, else git's user, else nobody in particular. The package is built without
# tests; DEB_BUILD_OPTIONS= (empty) in the environment runs them, too.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
folder=$(realpath -m "${PIPETRAIN_PACKAGES:-$root/build-package}")
packaging=$root/scripts/packaging
version=$(sed -n "s/^project(.* version: '\([^']*\)'.*/\1/p" "$root/meson.build")
tarball=$folder/pipetrain-$version.tar.xz

# As `meson dist` makes it, without a build folder. A tree that is no repository of git was such a tarball itself.
make_tarball() {
  mkdir -p "$folder"
  cd "$root"
  if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
    [ -z "$(git status --porcelain --untracked-files=no)" ] || say "What is not committed is not in the tarball"
    git archive --prefix="pipetrain-$version/" HEAD | xz -6 >"$tarball"
  else
    tar -c --exclude=./.git --exclude='./build*' --exclude=./runs --transform "s,^\.,pipetrain-$version," . | xz -6 >"$tarball"
  fi
  echo "$tarball"
}

# fill FILE...: version, address, checksum and packager in place of @version@ and so on.
fill() {
  sed -i -e "s|@version@|$version|g" -e "s|@url@|$address|g" -e "s|@sha256@|$checksum|g" -e "s|@maintainer@|$packager|g" "$@"
}
address='' checksum='' packager=''

find_packager() {
  local name=${DEBFULLNAME:-} mail=${DEBEMAIL:-}
  packager="${name:-$(git config user.name || echo "Whoever packaged it")} <${mail:-$(git config user.email || echo packager@pipetrain.invalid)}>"
}

make_recipes() {
  address=${1:-file://$tarball} checksum=$(sha256sum "$tarball" | cut -d ' ' -f 1)
  rm -rf "$folder/recipes"
  mkdir -p "$folder/recipes"
  cp -r "$packaging/spack" "$packaging/easybuild" "$packaging/conda-forge" "$folder/recipes/"
  mv "$folder/recipes/easybuild/pipetrain.eb" "$folder/recipes/easybuild/pipetrain-$version-foss-2024a.eb"
  local files
  mapfile -t files < <(find "$folder/recipes" -type f)
  fill "${files[@]}"
  printf '%s\n' "${files[@]}"
}

build_debian() {
  local tree=$folder/pipetrain-$version profiles=''
  export DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-nocheck}
  [[ " $DEB_BUILD_OPTIONS " != *" nocheck "* ]] || profiles=nocheck
  rm -rf "$tree"
  tar -xf "$tarball" -C "$folder"
  cp "$tarball" "$folder/pipetrain_$version.orig.tar.xz"
  cp -r "$packaging/debian" "$tree/"
  find_packager
  fill "$tree/debian/control"
  printf 'pipetrain (%s-1) unstable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' "$version" "$version" "$packager" "$(date -R)" \
    >"$tree/debian/changelog"
  say "Building the package in $tree; this takes a while"
  (cd "$tree" && DEB_BUILD_PROFILES=$profiles patiently "Building" dpkg-buildpackage -us -uc) || { tail -n 60 "$log" >&2; exit 1; }
  find "$folder" -maxdepth 1 -name "pipetrain_${version}-1_*.deb"
}

check_debian() {
  lintian --allow-root --fail-on error,warning --info --display-info "$folder/pipetrain_${version}-1_$(dpkg --print-architecture).changes" ||
    { say "lintian has found something"; exit 1; }
  say "lintian: no error, no warning"
}

case ${1:-} in
  tarball) make_tarball ;;
  recipes) make_tarball && make_recipes "${2:-}" ;;
  debian)
    packages+=(xz-utils build-essential dpkg-dev debhelper fakeroot lintian mpi-default-dev mpi-default-bin pkgconf python3 libc6-dev)
    install_packages || true
    make_tarball && build_debian && check_debian
    ;;
  *) sed -n '2,/^# tests; /p' "$0" | cut -c 3- >&2; exit 2 ;;
esac
