from .deploy import (
    PackageRequest as PackageRequest,
    package as package,
    verify_all as verify_all,
)
