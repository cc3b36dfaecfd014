from .compress import (
    compress as compress,
)
from .requests import (
    QuantizeRequest as QuantizeRequest,
)
from .settings import (
    QuantizeSettings as QuantizeSettings,
)
from .settings import (
    parse_max_drop as parse_max_drop,
)
from .settings import (
    read_scope as read_scope,
)
