from .build_result import (
    BuildResult as BuildResult,
    BuildStage as BuildStage,
    StageData as StageData,
    StageOutcome as StageOutcome,
    StageStart as StageStart,
)
from .build_settings import (
    BuildSettings as BuildSettings,
)
from .building import (
    build_recipe as build_recipe,
    run_build as run_build,
)
from .deploying import (
    DeploymentResult as DeploymentResult,
    compare_models as compare_models,
    run_deployment as run_deployment,
)
from .deployment_settings import (
    DeploymentSettings as DeploymentSettings,
    Peer as Peer,
)
from .init_settings import (
    InitSettings as InitSettings,
)
from .plan_deployment import (
    PlanResult as PlanResult,
    plan_deployment as plan_deployment,
    run_plan as run_plan,
)
from .plan_points import (
    PlanPoint as PlanPoint,
)
from .plan_search import (
    Tried as Tried,
)
from .plan_settings import (
    PlanSettings as PlanSettings,
)
from .plan_variants import (
    PlannedVariant as PlannedVariant,
)
from .recipes import (
    schema_text as schema_text,
)
from .starting import (
    StartedRecipe as StartedRecipe,
    init_recipe as init_recipe,
    run_init as run_init,
)
