"""The public names, by the path they are imported from: what an application written against this API may import."""

from typing import NamedTuple


class Row(NamedTuple):
    """Names importable from one path."""

    path: str
    names: str


EXACT = (
    Row(
        "loom.core.model",
        "BaseModel TimestampedModel ColumnField RelationField ProjectionField Cardinality OnDelete",
    ),
    Row("loom.core.command", "Command Patch"),
    Row("loom.core.errors", "NotFound"),
    Row("loom.core.use_case", "Compute Exists F Input LoadById OnMissing Rule"),
    Row("loom.core.use_case.use_case", "UseCase"),
    Row("loom.core.use_case.invoker", "ApplicationInvoker"),
    Row("loom.core.repository.abc", "RepoFor"),
    Row(
        "loom.core.repository.abc.query",
        "QuerySpec FilterGroup FilterOp FilterSpec SortSpec PageResult CursorResult PaginationMode",
    ),
    Row("loom.core.backend.sqlalchemy", "compile_all get_metadata reset_registry"),
    Row("loom.core.projection.loaders", "CountLoader ExistsLoader JoinFieldsLoader"),
    Row("loom.core.cache.serializer", "MsgspecSerializer"),
    Row("loom.core.job.job", "Job"),
    Row("loom.core.job.service", "JobService"),
    Row("loom.core.response", "Response"),
    Row("loom.core.config.loader", "load_config section"),
    Row("loom.core.discovery", "ModulesDiscoveryEngine"),
    Row("loom.rest.model", "RestInterface RestRoute PaginationMode"),
    Row("loom.rest.autocrud", "build_auto_routes"),
    Row("loom.rest.fastapi.auto", "create_app"),
    Row("loom.celery.auto", "create_app"),
)
"""Paths promised as they stand."""

PACKAGES = (
    Row(
        "loom.core.model",
        (
            "BigInteger Boolean ColumnFieldInfo ColumnFieldSpec ColumnType DateTime Field Float Integer JSON "
            "LoomStructMeta Numeric OnUpdate PROJECTION_DEFAULT_MISSING Postgres Projection Relation "
            "ServerDefault ServerOnUpdate String Text column_field get_column_fields get_id_attribute "
            "get_projections get_relations get_table_name projection_field relation_field"
        ),
    ),
    Row(
        "loom.core.command",
        (
            "CommandAdapter CommandField Computed Internal get_calculated_fields get_command_fields "
            "get_input_fields get_internal_fields get_patch_fields is_patch_command"
        ),
    ),
    Row(
        "loom.core.errors",
        "Conflict DomainError ErrorCode Forbidden LoomError RuleViolation RuleViolations SystemError",
    ),
    Row(
        "loom.core.use_case",
        (
            "AppInvoker ApplicationInvoker ComputeFn CrudOp EntityInvoker FieldExpr FieldRef KEY_SEPARATOR "
            "Load LookupKind PredicateOp RuleFn RuleViolation RuleViolations SourceKind UseCase "
            "UseCaseFactory UseCaseRegistry field_ref get_use_case_key model_entity_key set_use_case_key "
            "use_case_key"
        ),
    ),
    Row(
        "loom.core.engine",
        (
            "Compilable CompilationError ComputeStep EventKind ExecutionPlan ExistsStep InputBinding LoadStep "
            "MetricsAdapter ParamBinding ParameterBindingError RuleStep RuntimeEvent RuntimeExecutor "
            "UseCaseCompiler"
        ),
    ),
    Row(
        "loom.core.repository.abc",
        (
            "CreateT CursorResult FilterGroup FilterOp FilterParams FilterSpec IdT OutputT PageParams "
            "PageResult PaginationMode QuerySpec Repository RepositoryRead RepositoryWrite SortSpec UpdateT "
            "build_page_result"
        ),
    ),
    Row("loom.core.repository.abc.query", "FilterParams PageParams build_page_result"),
    Row(
        "loom.core.repository",
        "FilterParams PageParams PageResult RepoFor Repository RepositoryRead RepositoryWrite",
    ),
    Row("loom.core.repository", "MutationEvent"),
    Row(
        "loom.core.repository.sqlalchemy",
        "RepositorySQLAlchemy SessionManager SQLAlchemyUnitOfWork SQLAlchemyUnitOfWorkFactory",
    ),
    Row(
        "loom.core.repository.sqlalchemy",
        (
            "RepositoryRegistration RepositoryToken build_repository_registration_module get_repository_registration"
            " repository_for with_session_scope"
        ),
    ),
    Row(
        "loom.core.repository.sqlalchemy",
        "SupportsPostCommit get_active_session get_pending_mutations record_mutation transactional",
    ),
    Row("loom.core.backend", "compile_all compile_model get_compiled get_metadata reset_registry"),
    Row("loom.core.backend", "CoreModel SABase get_compiled_core"),
    Row(
        "loom.core.projection",
        (
            "CountLoader ExistsLoader JoinFieldsLoader ProjectionPlan ProjectionStep build_projection_plan "
            "execute_projection_plan"
        ),
    ),
    Row(
        "loom.core.cache",
        (
            "CacheBackend CacheConfig CacheGateway CachedRepository DependencyResolver "
            "GenerationalDependencyResolver MsgspecSerializer cache_query cached"
        ),
    ),
    Row(
        "loom.core.job",
        (
            "InlineJobService Job JobCallback JobFailedError JobGroup JobHandle JobService JobTimeoutError "
            "NullJobCallback"
        ),
    ),
    Row("loom.core.job.context", "add_pending_dispatch clear_pending_dispatches flush_pending_dispatches"),
    Row("loom.core.config", "ConfigError ConfigKey load_config section"),
    Row(
        "loom.core.discovery",
        ("DiscoveryEngine DiscoveryResult InterfacesDiscoveryEngine ManifestDiscoveryEngine ModulesDiscoveryEngine"),
    ),
    Row("loom.core.di", "LoomContainer ResolutionError Scope"),
    Row("loom.core.bootstrap", "BootstrapError BootstrapResult KernelRuntime bootstrap_app create_kernel"),
    Row(
        "loom.core.logger",
        (
            "Environment FileHandlerConfig HandlerConfig LogConfig LoggerConfig LoggerFactory LoggerPort "
            "Renderer RotatingFileHandlerConfig StreamHandlerConfig StructLogger configure_logger_factory "
            "configure_logging configure_logging_from_values get_logger reset_logger_factory"
        ),
    ),
    Row("loom.core.tracing", "generate_trace_id get_trace_id reset_trace_id set_trace_id"),
    Row("loom.core.transport", "AdapterRequest LoomAdapter"),
    Row("loom.core.uow", "UnitOfWork UnitOfWorkFactory get_active_uow"),
    Row("loom.rest.model", "RestApiDefaults"),
    Row(
        "loom.rest",
        (
            "CompiledRoute ErrorField HttpErrorMapper InterfaceCompilationError LoomRestAdapter "
            "PROFILE_DEFAULT PaginationMode PydanticAdapter QueryParam RestApiDefaults RestInterface "
            "RestInterfaceCompiler RestRoute TraceIdMiddleware"
        ),
    ),
    Row("loom.rest.fastapi", "MsgspecJSONResponse bind_interfaces create_app create_fastapi_app"),
    Row(
        "loom.celery",
        (
            "CeleryConfig CeleryJobService JobConfig WorkerBootstrapResult WorkerEventLoop apply_job_config "
            "bootstrap_worker create_app create_celery_app"
        ),
    ),
    Row("loom.prometheus", "PrometheusMetricsAdapter PrometheusMiddleware"),
    Row(
        "loom.testing",
        (
            "EntityHarness GoldenHarness HttpTestHarness InMemoryRepository RepositoryIntegrationHarness "
            "ScenarioDict UseCaseTest build_repository_harness serialize_plan"
        ),
    ),
    Row("loom.testing.golden", "GoldenHarness serialize_plan"),
)
"""Names promised from the package of their concept."""

SAME = (
    ("RuleViolation", "loom.core.errors", "loom.core.use_case", "loom.core.use_case.rule"),
    ("RuleViolations", "loom.core.errors", "loom.core.use_case", "loom.core.use_case.rule"),
    ("PaginationMode", "loom.core.repository.abc.query", "loom.core.repository.abc", "loom.rest.model", "loom.rest"),
    ("BaseModel", "loom.core.model", "loom.core.model.base"),
    ("TimestampedModel", "loom.core.model", "loom.core.model.timestamped"),
    ("ColumnField", "loom.core.model", "loom.core.model.field"),
    ("Command", "loom.core.command", "loom.core.command.base"),
    ("Patch", "loom.core.command", "loom.core.command.field"),
    ("UseCase", "loom.core.use_case", "loom.core.use_case.use_case"),
    ("F", "loom.core.use_case", "loom.core.use_case.field_ref"),
    ("Input", "loom.core.use_case", "loom.core.use_case.markers"),
    ("Rule", "loom.core.use_case", "loom.core.use_case.rule"),
    ("Compute", "loom.core.use_case", "loom.core.use_case.compute"),
    ("ApplicationInvoker", "loom.core.use_case", "loom.core.use_case.invoker"),
    ("model_entity_key", "loom.core.use_case", "loom.core.use_case.keys", "loom.core.use_case.registry"),
    ("UseCaseCompiler", "loom.core.engine", "loom.core.engine.compiler"),
    ("RuntimeExecutor", "loom.core.engine", "loom.core.engine.executor"),
    ("ExecutionPlan", "loom.core.engine", "loom.core.engine.plan"),
    ("RepoFor", "loom.core.repository", "loom.core.repository.abc", "loom.core.repository.abc.repo_for"),
    ("QuerySpec", "loom.core.repository.abc", "loom.core.repository.abc.query"),
    ("CountLoader", "loom.core.projection", "loom.core.projection.loaders"),
    ("Job", "loom.core.job", "loom.core.job.job"),
    ("JobService", "loom.core.job", "loom.core.job.service"),
    ("load_config", "loom.core.config", "loom.core.config.loader"),
    ("compile_all", "loom.core.backend", "loom.core.backend.sqlalchemy"),
    ("create_app", "loom.rest.fastapi", "loom.rest.fastapi.auto"),
    ("RestInterface", "loom.rest", "loom.rest.model"),
    ("InMemoryRepository", "loom.testing", "loom.core.repository.memory"),
    ("GoldenHarness", "loom.testing", "loom.testing.golden"),
)
"""A name, and the paths under which it is one object."""
