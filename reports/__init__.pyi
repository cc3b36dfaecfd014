from .document import (
    Cell as Cell,
    Column as Column,
    Document as Document,
    Paragraph as Paragraph,
    Plot as Plot,
    Statements as Statements,
    Status as Status,
    Table as Table,
    plain as plain,
)
from .making import (
    ReportRequest as ReportRequest,
    check_format as check_format,
    make_report as make_report,
    write_report as write_report,
)
from .numbers import (
    number as number,
)
from .verdicts import (
    GateResult as GateResult,
    check_gates as check_gates,
    one_line as one_line,
    run_gates as run_gates,
)
