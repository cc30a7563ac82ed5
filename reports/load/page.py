"""`python -m reports.load.page load.json [BEFORE]`: the pages of a load run, beside its document."""

import sys
from pathlib import Path

from reports.fields import UnreadableError
from reports.folder import write
from reports.load.document import read_load
from reports.load.html import html
from reports.load.markdown import markdown
from reports.load.tables import junit, table


def main(arguments: list[str]) -> int:
    if len(arguments) not in {1, 2}:
        print("usage: python -m reports.load.page load.json [BEFORE]", file=sys.stderr)
        return 4
    path = Path(arguments[0])
    try:
        load = read_load(path)
        before = read_load(Path(arguments[1])) if len(arguments) == 2 else None
        write(path.with_name("load-junit.xml"), junit(load))
        write(path.with_name("load.csv"), table(load))
        write(path.with_name("load.md"), markdown(load))
        write(path.with_name("load.html"), html(load, before))
    except (UnreadableError, OSError) as error:
        print(f"reports: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
