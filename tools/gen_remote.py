#!/usr/bin/python3
"""gen_remote.py OUT HOSTOS.toml SCRIPT... - the host scripts and host systems as C tables."""
import os
import sys
import tomllib


def c_text(text):
    """TEXT as C string literals, one a line."""
    out = []
    for line in text.splitlines(keepends=True):
        line = line.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
        out.append('\t  "' + line.replace("\t", "\\t").replace("\n", "\\n") + '"')
    return "\n".join(out) or '\t  ""'


def main():
    out, hostos, scripts = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(hostos, "rb") as f:
        systems = tomllib.load(f)["system"]
    names = {os.path.basename(s) for s in scripts}
    for row in systems:
        if row["script"] not in names:
            sys.exit(f"{hostos}: {row['family']}: no script {row['script']}")
    with open(out, "w", encoding="utf-8") as f:
        f.write('#include "remote/script_table.h"\n\nconst struct script_row script_table[] = {\n')
        for path in sorted(scripts):
            with open(path, encoding="utf-8") as s:
                f.write('\t{ "%s",\n%s },\n' % (os.path.basename(path), c_text(s.read())))
        f.write("};\nconst size_t script_table_len = sizeof(script_table) / sizeof(script_table[0]);\n")
        f.write("\nconst struct hostos_row hostos_table[] = {\n")
        for row in systems:
            f.write('\t{ "%s", "%s", "%s" },\n' % (row["family"], row["script"], ";".join(row["tested"])))
        f.write("};\nconst size_t hostos_table_len = sizeof(hostos_table) / sizeof(hostos_table[0]);\n")


main()
