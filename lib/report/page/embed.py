#!/usr/bin/env python3
"""embed.py OUTPUT.cpp FILE...: the files of the pages as C++ text, so that the program needs none beside it."""
import pathlib
import sys

PIECE = 8000  # bytes; compilers may refuse longer literals


def literal(data):
    """Bytes as C++ string literals, one below the other, each ended where a line ends if that is near."""
    lines = []
    for start in range(0, len(data), PIECE):
        text = "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or byte in b'"\\?' else chr(byte) for byte in data[start:start + PIECE])
        lines.append(f'    "{text}"')
    return "\n".join(lines) or '    ""'


def main():
    output, *files = (pathlib.Path(word) for word in sys.argv[1:])
    rows = [f'{{"{file.name}", std::string_view(\n{literal(data)}, {len(data)})}},\n'
            for file, data in ((file, file.read_bytes()) for file in files)]
    output.write_text('#include "report/page_asset.h"\n\nnamespace pipetrain {\n\nconst PageAsset kPageAssets[] = {\n'
                      + "".join(rows) + f'}};\nconst std::size_t kPageAssetCount = {len(rows)};\n\n}}  // namespace pipetrain\n', encoding="ascii")


main()
