#!/usr/bin/env python3
"""Checks that each file includes what it uses of the standard library: what others bring today, they may not tomorrow.

usage: includes.py REPOSITORY
A .cpp file may leave to its own header, the one of its name, what that one includes. check.py runs this, too.
"""
import pathlib
import re
import sys

# Headers with the names of std:: that they give; a name in several rows may come from any of them.
HEADERS = {
    "algorithm": "adjacent_find all_of any_of binary_search clamp copy copy_if copy_n count count_if "
                 "equal equal_range fill fill_n find find_if find_if_not for_each generate is_sorted "
                 "lexicographical_compare lower_bound max max_element merge min min_element minmax "
                 "minmax_element mismatch none_of nth_element partial_sort partition ranges remove_if "
                 "replace replace_if reverse rotate search shuffle sort stable_partition stable_sort "
                 "swap_ranges transform unique upper_bound",
    "array": "array to_array",
    "atomic": "atomic atomic_flag memory_order_acquire memory_order_relaxed memory_order_release",
    "barrier": "barrier",
    "bit": "bit_cast bit_ceil bit_width countl_zero countr_zero endian has_single_bit popcount",
    "cctype": "isalnum isalpha isdigit islower isprint ispunct isspace isupper isxdigit tolower toupper",
    "charconv": "chars_format from_chars from_chars_result to_chars to_chars_result",
    "chrono": "chrono",
    "clocale": "localeconv setlocale",
    "cmath": "abs acos asin atan atan2 cbrt ceil copysign cos erf exp exp2 expm1 fabs floor fma fmod "
             "frexp hypot ilogb isfinite isinf isnan ldexp llround log log10 log1p log2 lround nan nanf "
             "nearbyint nextafter pow rint round signbit sin sqrt tan tanh trunc",
    "compare": "partial_ordering strong_ordering weak_ordering",
    "condition_variable": "condition_variable cv_status",
    "csignal": "raise sig_atomic_t signal",
    "cstddef": "byte max_align_t nullptr_t ptrdiff_t size_t to_integer",
    "cstdint": "int8_t int16_t int32_t int64_t intmax_t intptr_t uint8_t uint16_t uint32_t uint64_t "
               "uintmax_t uintptr_t",
    "cstdio": "FILE fclose fflush fgets fopen fprintf fputc fputs fread fseek ftell fwrite perror printf "
              "puts remove rename snprintf vsnprintf",
    "cstdlib": "_Exit abort abs aligned_alloc atexit calloc exit free getenv malloc quick_exit realloc "
               "strtod strtol strtoll strtoul strtoull system",
    "cstring": "memchr memcmp memcpy memmove memset strchr strcmp strerror strlen strncmp strrchr strstr",
    "ctime": "clock clock_t gmtime localtime mktime strftime time time_t tm",
    "deque": "deque erase erase_if",
    "exception": "current_exception exception exception_ptr make_exception_ptr rethrow_exception "
                 "set_terminate terminate uncaught_exceptions",
    "filesystem": "filesystem",
    "fstream": "fstream ifstream ofstream",
    "functional": "function greater greater_equal hash identity invoke less less_equal multiplies plus "
                  "reference_wrapper",
    "future": "async future packaged_task promise",
    "initializer_list": "initializer_list",
    "iomanip": "put_time quoted setfill setprecision setw",
    "ios": "fixed ios ios_base left right scientific streamoff streamsize",
    "iostream": "cerr cin clog cout",
    "istream": "istream",
    "iterator": "advance back_inserter distance inserter istreambuf_iterator make_move_iterator next "
                "prev reverse_iterator ssize",
    "limits": "numeric_limits",
    "list": "list",
    "map": "erase_if map multimap",
    "memory": "make_shared make_unique make_unique_for_overwrite shared_ptr unique_ptr weak_ptr",
    "mutex": "call_once lock_guard mutex once_flag recursive_mutex scoped_lock unique_lock",
    "new": "align_val_t bad_alloc nothrow",
    "numbers": "numbers",
    "numeric": "accumulate exclusive_scan gcd inclusive_scan inner_product iota lcm partial_sum reduce",
    "optional": "make_optional nullopt optional",
    "ostream": "endl ostream",
    "queue": "priority_queue queue",
    "random": "mt19937 mt19937_64 normal_distribution random_device uniform_int_distribution "
              "uniform_real_distribution",
    "regex": "cmatch regex regex_match regex_replace regex_search smatch sregex_iterator",
    "set": "erase_if multiset set",
    "span": "as_bytes as_writable_bytes span",
    "sstream": "istringstream ostringstream stringstream",
    "stdexcept": "invalid_argument logic_error out_of_range runtime_error",
    "string": "erase erase_if getline stod stof stoi stol stoll stoul stoull string to_string u16string "
              "u32string",
    "string_view": "string_view",
    "system_error": "errc error_code generic_category make_error_code system_category system_error",
    "thread": "jthread this_thread thread",
    "tuple": "apply make_tuple tie tuple",
    "type_traits": "common_type_t conditional_t decay_t enable_if_t invoke_result_t is_arithmetic_v "
                   "is_const_v is_enum_v is_floating_point_v is_integral_v is_same_v make_unsigned_t "
                   "remove_cv_t remove_cvref_t underlying_type_t",
    "unordered_map": "erase_if unordered_map",
    "unordered_set": "erase_if unordered_set",
    "utility": "as_const cmp_equal cmp_less exchange forward index_sequence integer_sequence "
               "make_index_sequence make_pair move pair swap",
    "variant": "get_if holds_alternative monostate variant visit",
    "vector": "erase erase_if vector",
}
# Headers that give another one's names by their own standing: what they do cannot be said without.
BRINGS = {
    "filesystem": ["system_error"], "charconv": ["system_error"], "regex": ["string"],
    "istream": ["ios"], "ostream": ["ios"],
    **{stream: ["ios", "istream", "ostream"] for stream in ("iostream", "fstream", "sstream")},
    "cstdio": ["cstddef"], "cstdlib": ["cstddef"], "cstring": ["cstddef"],
    **{container: ["initializer_list"] for container in ("vector", "string", "map", "set", "deque", "unordered_map")},
}
# Names that do not stand in std::.
BARE = [(r"\bassert\s*\(", "cassert"), (r"\berrno\b", "cerrno"), (r"\bomp_[a-z_]+\s*\(", "omp.h"),
        (r"\b(INT|UINT|LONG|CHAR)_(MAX|MIN)\b", "climits"), (r"\bU?INT(8|16|32|64)_(MAX|MIN)\b", "cstdint")]
GIVEN_BY = {}
for _header, _names in HEADERS.items():
    for _name in _names.split():
        GIVEN_BY.setdefault(_name, []).append(_header)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)


def included(file):
    """The headers that a file includes, and those that they bring; for a .cpp file also those of its own header."""
    text = file.read_text(encoding="utf-8")
    own = file.with_suffix(".h")
    headers = INCLUDE.findall(text) + (INCLUDE.findall(own.read_text(encoding="utf-8"))
                                       if file.suffix == ".cpp" and own.exists() else [])
    return {name for header in headers for name in [header, *BRINGS.get(header, [])]}


def missing(file):
    """What a file uses, with the headers that would give it; only what it does not include."""
    code = NO_CODE.sub(" ", INCLUDE.sub(" ", file.read_text(encoding="utf-8")))
    uses = [("std::" + name, GIVEN_BY.get(name, [])) for name in sorted(set(re.findall(r"\bstd::(\w+)", code)))]
    uses += [(found.group().rstrip(" ("), [header]) for pattern, header in BARE if (found := re.search(pattern, code))]
    headers = included(file)
    return [(name, given_by) for name, given_by in uses if given_by and not headers & set(given_by)]


def violations(repository):
    for folder in ("lib", "app", "tests"):
        for file in sorted(repository.glob(f"{folder}/**/*")):
            if file.suffix in (".h", ".cpp"):
                for name, given_by in missing(file):
                    wanted = " or ".join(f"<{header}>" for header in given_by)
                    yield file.relative_to(repository).as_posix(), f"uses {name} without including {wanted}"


def main():
    found = list(violations(pathlib.Path(sys.argv[1])))
    for path, wrong in found:
        print(f"{path}: {wrong}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
