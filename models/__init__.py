"""What a user names → a model that is ready to run, a zoo entry exported when it is first used.

What enters: what finds, exports or opens a model by its name, and the pipeline of several.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
