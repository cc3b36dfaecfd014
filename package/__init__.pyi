from .assembly import (
    PackageResult as PackageResult,
    make_package as make_package,
    package_model as package_model,
)
from .package_settings import (
    PackageFormat as PackageFormat,
    PackageSettings as PackageSettings,
    VerifySettings as VerifySettings,
)
from .verification import (
    VerifyResult as VerifyResult,
    replay_packages as replay_packages,
    verify_package as verify_package,
)
