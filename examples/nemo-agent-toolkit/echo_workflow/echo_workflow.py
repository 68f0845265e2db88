"""Two workflows without a model: one says what it was told, one calls another server's tool to do so."""

from nat.builder.function_info import FunctionInfo
from nat.cli.register_workflow import register_function
from nat.data_models.component_ref import FunctionGroupRef
from nat.data_models.function import FunctionBaseConfig


class EchoWorkflow(FunctionBaseConfig, name="echo_workflow"):
    workflow_alias: str | None = None


@register_function(config_type=EchoWorkflow)
async def echo_workflow(config: EchoWorkflow, builder):
    async def echo(text: str) -> str:
        return text

    yield FunctionInfo.from_fn(echo, description="Says what it was told.")


class CallRemoteTool(FunctionBaseConfig, name="call_remote_tool"):
    tools: FunctionGroupRef


@register_function(config_type=CallRemoteTool)
async def call_remote_tool(config: CallRemoteTool, builder):
    group = await builder.get_function_group(config.tools)
    tool = next(iter((await group.get_accessible_functions()).values()))

    async def call(text: str) -> str:
        return str(await tool.acall_invoke(text=text))

    yield FunctionInfo.from_fn(call, description="Has a remote server say it.")
