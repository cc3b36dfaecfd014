from .compress import (
    compress as compress,
)
from .requests import (
    QuantizeRequest as QuantizeRequest,
)
from .settings import (
    QuantizeSettings as QuantizeSettings,
    parse_max_drop as parse_max_drop,
    read_scope as read_scope,
)
