#!/usr/bin/env python3
"""embed.py OUTPUT.cpp HEADER NAME FILE...: the files as C++ text, the rows of the table NAME that HEADER declares, so
that the program needs none beside it."""
import pathlib
import sys

PIECE = 8000  # bytes; compilers may refuse longer literals


def literal(data):
    """Bytes as C++ string literals, one below the other."""
    lines = []
    for start in range(0, len(data), PIECE):
        text = "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or byte in b'"\\?' else chr(byte) for byte in data[start:start + PIECE])
        lines.append(f'    "{text}"')
    return "\n".join(lines) or '    ""'


def main():
    output, header, name, *files = sys.argv[1:]
    rows = [f'    {{"{file.name}", std::string_view(\n{literal(data)}, {len(data)})}},\n'
            for file, data in ((file, file.read_bytes()) for file in map(pathlib.Path, files))]
    pathlib.Path(output).write_text(
        f'#include "{header}"\n\nnamespace pipetrain {{\nnamespace {{\n\nconstexpr EmbeddedFile kFiles[] = {{\n' + "".join(rows)
        + f'}};\n\n}}  // namespace\n\nconst std::span<const EmbeddedFile> {name}(kFiles);\n\n}}  // namespace pipetrain\n', encoding="ascii")


main()
