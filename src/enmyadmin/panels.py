"""The commands of `enstorage` in the panels of its help, each in the order of the work."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListedCommand:
    """A command as the help lists it; its module is imported when it is called.

    Attributes:
        place: the module below `enmyadmin`, and the function in it.
        line: the first line of its docstring.
    """

    place: str
    line: str


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands whose names begin with the same word.

    Attributes:
        help: the help of the group, with an example.
        panels: its own panels; "" for none.
    """

    help: str
    panels: "Mapping[str, Mapping[str, ListedCommand]]"


PANELS: Mapping[str, Mapping[str, ListedCommand | CommandGroup]] = {
    "Data": {
        "import-csv": ListedCommand(
            "commands.data.points:import_csv", "Import points from a CSV file or another table."
        ),
        "import-lines": ListedCommand(
            "commands.data.points:import_lines", "Import points from a file of InfluxDB's line protocol."
        ),
        "load": ListedCommand("commands.data.loading:load", "Load points from files, databases and services."),
        "export-csv": ListedCommand(
            "commands.data.points:export_csv", "Export points, or the table of a record, to a CSV file."
        ),
        "delete-points": ListedCommand(
            "commands.data.points:delete_points", "Delete points of a data source, of a period or all."
        ),
        "snapshot": ListedCommand("commands.preparing:snapshot", "Take a snapshot of a data source."),
        "check-snapshots": ListedCommand(
            "commands.preparing:check_snapshots", "Compare the points of a data source with its snapshots."
        ),
        "prepare": ListedCommand("commands.preparing:prepare", "Clean, transform and split a snapshot."),
        "check-data-set": ListedCommand(
            "commands.data.loading:check_data_set", "Check the values that a data set was made from."
        ),
        "create": CommandGroup(
            "Create a record by options or from JSON.\n\nExample: enstorage create project Load --source 1",
            {
                "Data": {
                    "data-source": ListedCommand(
                        "commands.creating:data_source", "Create a data source without points."
                    ),
                    "panel": ListedCommand(
                        "commands.creating:panel", "Create a panel: a named set of sources with a key for each."
                    ),
                    "preparation": ListedCommand(
                        "commands.creating:preparation", "Create a preparation: clean, transform and split a snapshot."
                    ),
                    "data-set": ListedCommand("commands.creating:data_set", "Create a data set: samples for models."),
                },
                "Models": {
                    "project": ListedCommand(
                        "commands.creating:project", "Create a project over a data source or a panel."
                    ),
                    "research": ListedCommand(
                        "commands.creating:research", "Create a research for models of one preparation."
                    ),
                    "model": ListedCommand("commands.creating:model", "Create a model for `enstorage fit` to train."),
                },
                "Ensembles": {
                    "ensemble": ListedCommand(
                        "commands.creating:ensemble", "Create an ensemble for `enstorage render` to build."
                    ),
                },
            },
        ),
    },
    "Models": {
        "fit": ListedCommand("commands.training:fit", "Train models and keep their forecasts."),
        "tune": ListedCommand("commands.training:tune", "Search for the network and settings with the lowest error."),
        "predict": ListedCommand("commands.training:predict", "Forecast the data sets of trained models."),
        "evaluate": ListedCommand("commands.models:evaluate", "Measure loss and metrics of models on one part."),
        "backtest": ListedCommand("commands.training:backtest", "Make out-of-fold forecasts from rolling origins."),
        "forecast": ListedCommand(
            "commands.forecasting:forecast", "Forecast the steps after the data of a model or an ensemble."
        ),
        "deliver": ListedCommand("commands.forecasting:deliver", "Forecast, and give the forecasts to another place."),
        "import-model": ListedCommand("commands.models:import_model", "Import a model from files."),
        "export-model": ListedCommand(
            "commands.models:export_model", "Export a trained model to files that other programs read."
        ),
        "tensorboard": ListedCommand(
            "commands.models:tensorboard", "Write curves, facts and graphs of models for TensorBoard."
        ),
    },
    "Ensembles": {
        "autoforecast": ListedCommand(
            "forecaster.command:autoforecast", "Forecast each series of a table by an ensemble."
        ),
        "render": ListedCommand("commands.ensembles:render", "Build an ensemble from the forecasts of its members."),
        "form": ListedCommand("commands.ensembles:form", "Select a method and members, and render their ensemble."),
        "what-if": ListedCommand("commands.ensembles:what_if", "Combine an ensemble in another way, and compare."),
        "leaderboard": ListedCommand("commands.judging:leaderboard", "Rank an ensemble and its members by a metric."),
        "diagnose": ListedCommand("commands.judging:diagnose", "Measure the contribution of each member."),
        "calibrate": ListedCommand("commands.judging:calibrate", "Calibrate prediction intervals of an ensemble."),
        "report": ListedCommand("commands.judging:report", "Write a report of an ensemble as one HTML page."),
        "verify": ListedCommand("commands.judging:verify", "Render an ensemble again and compare every number."),
        "remake": ListedCommand("commands.judging:remake", "Train members or models again, and compare."),
        "demo": ListedCommand("demo.command:demo", "Run the experiment of the paper and write a report."),
    },
    "Production": {
        "registry": CommandGroup(
            "Release versions of ensembles and models.\n\nExample: enstorage registry list",
            {
                "": {
                    "list": ListedCommand(
                        "commands.releases.registry:list_registered",
                        "List registered models with their versions in production.",
                    ),
                    "show": ListedCommand(
                        "commands.releases.registry:show", "Show the versions of a registered model side by side."
                    ),
                    "history": ListedCommand(
                        "commands.releases.reports:history", "Tell what happened to a registered model."
                    ),
                    "report": ListedCommand(
                        "commands.releases.reports:report", "Write a page about a version, in one file."
                    ),
                    "register": ListedCommand(
                        "commands.releases.registry:register", "Register an ensemble or a model as the next version."
                    ),
                    "evaluate": ListedCommand(
                        "commands.releases.registry:evaluate", "Apply the gates to a version, and compare it."
                    ),
                    "renew": ListedCommand(
                        "commands.releases.renew:renew", "Train the version in production again, and evaluate it."
                    ),
                    "promote": ListedCommand(
                        "commands.releases.registry:promote", "Put a version that passed its gates into production."
                    ),
                    "rollback": ListedCommand(
                        "commands.releases.registry:rollback", "Put the previous version into production again."
                    ),
                    "gates": ListedCommand(
                        "commands.releases.registry:gates", "Show or set the gates of a registered model."
                    ),
                    "alias": ListedCommand("commands.releases.registry:alias", "Have an alias stand for a version."),
                    "reject": ListedCommand(
                        "commands.releases.registry:reject", "Keep a version for comparison alone."
                    ),
                    "check": ListedCommand(
                        "commands.releases.registry:check", "Read every byte of a version, and compare it."
                    ),
                    "delete": ListedCommand(
                        "commands.releases.registry:delete", "Delete a registered model; its ensembles stay."
                    ),
                }
            },
        ),
        "monitor": CommandGroup(
            "Watch released models: drift, errors, staleness.\n\nExample: enstorage monitor alerts",
            {
                "": {
                    "look": ListedCommand(
                        "commands.releases.monitor:look", "Look at a version in production, and make alerts."
                    ),
                    "issue": ListedCommand(
                        "commands.releases.monitor:issue", "Forecast by the version in production, and keep that."
                    ),
                    "alerts": ListedCommand("commands.releases.monitor:alerts", "List alerts, the newest first."),
                    "observations": ListedCommand(
                        "commands.releases.monitor:observations",
                        "List the windows that were observed, the newest first.",
                    ),
                    "close": ListedCommand(
                        "commands.releases.monitor:close", "Close an alert; further windows make a new one."
                    ),
                    "resources": ListedCommand(
                        "commands.releases.monitor:resources", "List steps whose memory grows from run to run."
                    ),
                }
            },
        ),
        "feedback": CommandGroup(
            "Tell what came of forecasts.\n\nExample: enstorage feedback list load",
            {
                "": {
                    "give": ListedCommand(
                        "commands.releases.feedback:give", "Give truths or verdicts on issued forecasts."
                    ),
                    "list": ListedCommand(
                        "commands.releases.feedback:list_rows", "List truths and verdicts, the newest first."
                    ),
                }
            },
        ),
    },
    "Store": {
        "init": ListedCommand("commands.store:init", "Make a store, unless it exists."),
        "info": ListedCommand("commands.store:info", "Show where the store is and what it holds."),
        "list": ListedCommand("commands.entities:list_entities", "List the records of an entity."),
        "find": ListedCommand("commands.entities:find", "Find the records that fulfil a query."),
        "show": ListedCommand("commands.entities:show", "Show one record, its facts and its origins."),
        "compare": ListedCommand("commands.entities:compare", "Compare facts, results and origins of records."),
        "rename": ListedCommand("commands.changing:rename", "Rename a record."),
        "edit": ListedCommand("commands.changing:edit", "Change the description and the tags of a record."),
        "delete": ListedCommand("commands.changing:delete", "Move records to the trash."),
        "restore": ListedCommand("commands.backup:restore", "Restore a backup, or records from the trash."),
        "purge": ListedCommand("commands.changing:purge", "Delete records in the trash for good."),
        "backup": ListedCommand("commands.backup:backup", "Back up the whole store to one file."),
        "export": ListedCommand("commands.bundles:export", "Export a project with all that it needs to one file."),
        "import": ListedCommand(
            "commands.bundles:import_bundle", "Import a project from a file of `enstorage export`."
        ),
        "check": ListedCommand("commands.store:check", "Read everything and check every hash and reference."),
        "gc": ListedCommand("commands.store:gc", "Find unreferenced data, and free it with --delete."),
        "upgrade": ListedCommand("commands.store:upgrade", "Upgrade a store of an older version to this one."),
        "version": ListedCommand("commands.store:version", "Show the version."),
    },
    "Server": {
        "serve": ListedCommand("server.command:serve", "Serve the web client and the REST interface."),
        "orchestrator": CommandGroup(
            "Execute long work and schedules beside servers.\n\nExample: enstorage orchestrator status",
            {
                "": {
                    "start": ListedCommand(
                        "commands.runs.orchestrator:start", "Execute runs and schedules of a store until stopped."
                    ),
                    "status": ListedCommand(
                        "commands.runs.orchestrator:status", "Show who is at work, what is executed, and what waits."
                    ),
                    "stop": ListedCommand(
                        "commands.runs.orchestrator:stop", "Stop the orchestrators when what they execute is done."
                    ),
                }
            },
        ),
        "intent": ListedCommand("commands.runs.intent:intent", "Plan what a sentence asks for, and start it."),
        "pipeline": CommandGroup(
            "Save and run pipelines: graphs of steps.\n\nExample: enstorage pipeline list",
            {
                "": {
                    "create": ListedCommand(
                        "commands.runs.pipelines:create",
                        "Save a pipeline, or the next version of one.",
                    ),
                    "list": ListedCommand(
                        "commands.runs.pipelines:list_pipelines", "List the latest version of each pipeline."
                    ),
                    "show": ListedCommand(
                        "commands.runs.pipelines:show",
                        "Show the parameters and steps of a pipeline.",
                    ),
                    "edit": ListedCommand(
                        "commands.runs.pipelines:edit",
                        "Change a pipeline in an editor, as its next version.",
                    ),
                    "delete": ListedCommand(
                        "commands.runs.pipelines:delete",
                        "Archive a pipeline, which its runs keep.",
                    ),
                    "run": ListedCommand(
                        "commands.runs.pipelines:run", "Ask servers of the store for a run of a pipeline."
                    ),
                }
            },
        ),
        "schedule": CommandGroup(
            "Have pipelines run at times of the calendar.\n\nExample: enstorage schedule list",
            {
                "": {
                    "create": ListedCommand(
                        "commands.runs.schedules:create", "Have a pipeline run at times of the calendar."
                    ),
                    "list": ListedCommand(
                        "commands.runs.schedules:list_schedules", "List the schedules with their next times."
                    ),
                    "pause": ListedCommand(
                        "commands.runs.schedules:pause", "Have a schedule start nothing until it is resumed."
                    ),
                    "resume": ListedCommand(
                        "commands.runs.schedules:resume", "Have a paused schedule go on with its next time."
                    ),
                    "delete": ListedCommand("commands.runs.schedules:delete", "Delete a schedule; its runs stay."),
                }
            },
        ),
        "run": CommandGroup(
            "Follow and stop long work of servers.\n\nExample: enstorage run list",
            {
                "": {
                    "list": ListedCommand("commands.runs.run:list_runs", "List runs, the newest first."),
                    "show": ListedCommand(
                        "commands.runs.run:show", "Show a run: its state, attempts, logs and result."
                    ),
                    "logs": ListedCommand(
                        "commands.runs.run:logs", "Print what the attempts of a run printed and logged."
                    ),
                    "follow": ListedCommand("commands.runs.run:follow", "Print the events of a run until it is over."),
                    "cancel": ListedCommand("commands.runs.run:cancel", "Stop a run, whether it waits or runs."),
                    "retry": ListedCommand(
                        "commands.runs.run:retry", "Have a run that failed or was cancelled executed again."
                    ),
                },
            },
        ),
        "notify": CommandGroup(
            "Tell channels such as mail of what happens in runs.\n\nExample: enstorage notify rules",
            {
                "": {
                    "add": ListedCommand(
                        "commands.runs.notify:add", "Have a channel told of events of runs from now on."
                    ),
                    "rules": ListedCommand("commands.runs.notify:rules", "List the rules of notifications."),
                    "pause": ListedCommand(
                        "commands.runs.notify:pause", "Have a rule make no notices until it is resumed."
                    ),
                    "resume": ListedCommand(
                        "commands.runs.notify:resume", "Have a paused rule tell of what happens from now on."
                    ),
                    "delete": ListedCommand("commands.runs.notify:delete", "Delete a rule with its notices."),
                    "notices": ListedCommand(
                        "commands.runs.notify:notices", "List notices, the newest first, with what became of them."
                    ),
                    "test": ListedCommand(
                        "commands.runs.notify:send_test", "Send a test message to a channel, or list the channels."
                    ),
                }
            },
        ),
        "user": CommandGroup(
            "Manage the users of the web server.\n\nExample: enstorage user list",
            {
                "": {
                    "add": ListedCommand("commands.access.users:add", "Add a user of the web server."),
                    "list": ListedCommand("commands.access.users:list_users", "List the users of the web server."),
                    "role": ListedCommand("commands.access.users:role", "Change the role of a user."),
                    "password": ListedCommand(
                        "commands.access.users:password", "Set a new password, and end the sessions of the user."
                    ),
                    "disable": ListedCommand(
                        "commands.access.users:disable", "Disable a user, whose sessions and tokens end."
                    ),
                    "enable": ListedCommand("commands.access.users:enable", "Let a disabled user log in again."),
                },
            },
        ),
        "token": CommandGroup(
            "Manage the tokens of programs.\n\nExample: enstorage token list",
            {
                "": {
                    "create": ListedCommand(
                        "commands.access.tokens:create", "Create a token for a program; its secret is shown this once."
                    ),
                    "list": ListedCommand("commands.access.tokens:list_tokens", "List tokens and sessions."),
                    "revoke": ListedCommand(
                        "commands.access.tokens:revoke", "Have a token or a session refused from now on."
                    ),
                },
            },
        ),
        "policy": CommandGroup(
            "Manage policies beside those of the product.\n\nExample: enstorage policy list",
            {
                "": {
                    "add": ListedCommand("commands.access.policies:add", "Add a policy, which is in force at once."),
                    "list": ListedCommand(
                        "commands.access.policies:list_policies",
                        "List the policies that were added to those of the product.",
                    ),
                    "disable": ListedCommand(
                        "commands.access.policies:disable", "Keep a policy, but ask it no longer."
                    ),
                    "enable": ListedCommand(
                        "commands.access.policies:enable", "Have a disabled policy in force again."
                    ),
                    "explain": ListedCommand(
                        "commands.access.policies:explain", "Tell who may do what, and which policies decide it."
                    ),
                    "test": ListedCommand(
                        "commands.access.policies:try_cases",
                        "Test policies by cases of who may do what.",
                    ),
                },
            },
        ),
    },
}
