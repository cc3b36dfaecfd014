from .deployment_files import (
    SHOWING as SHOWING,
    checked_table_path as checked_table_path,
    deployment_document as deployment_document,
    publish_deployment as publish_deployment,
    write_deployment as write_deployment,
)
from .document import (
    Block as Block,
    Cell as Cell,
    Column as Column,
    Document as Document,
    Paragraph as Paragraph,
    Plot as Plot,
    Statement as Statement,
    Statements as Statements,
    Status as Status,
    Table as Table,
    plain as plain,
)
from .evidence import (
    number as number,
)
from .github import (
    print_annotations as print_annotations,
    print_error as print_error,
    workflow_commands as workflow_commands,
)
from .rendering import (
    ReportResult as ReportResult,
    ReportSettings as ReportSettings,
    make_report as make_report,
    write_report as write_report,
)
from .sections.classes import (
    class_table as class_table,
)
from .sections.deployment import (
    deployment_frame as deployment_frame,
    deployment_table as deployment_table,
)
from .verdicts import (
    GateResult as GateResult,
    check_gates as check_gates,
    decided_by as decided_by,
    one_line as one_line,
    published_errors as published_errors,
    run_gates as run_gates,
)
