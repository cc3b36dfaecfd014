from .deploy import (
    PackageRequest as PackageRequest,
)
from .deploy import (
    package as package,
)
from .deploy import (
    verify_all as verify_all,
)
