"""The words for pipelines in Python: `from enorchestrator.python import add_step, each, pipeline, step`."""

from enorchestrator.pipeline.python_pipeline import PythonPipeline, add_step, each, pipeline
from enorchestrator.work.python_step import PythonStep, step

__all__ = ["PythonPipeline", "PythonStep", "add_step", "each", "pipeline", "step"]
