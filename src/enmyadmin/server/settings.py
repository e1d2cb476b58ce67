"""`ServerSettings`: the address of the server and its limits."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """The address of the server and its limits: arguments, then variables such as `ENSTORAGE_SERVER_PORT`.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 for any free one.
        hosts: further names by which the server may be called, such as that of a proxy in front of it.
        max_body_bytes: largest request that brings no file.
        max_upload_bytes: largest upload of points, files or model objects.
        max_rows: most rows in one answer of points or forecasts, and most records of one export.
        max_streams: most event streams open at once.
        stream_seconds: longest life of an event stream; browsers connect again by themselves.
        poll_seconds: time between two looks at the store for changes by other processes.
        max_inferences: most requests for inference that wait or are answered; further ones get 503 with `Retry-After`.
        inference_threads: most of them that are answered at once.
        max_loaded_models: most objects of models that are kept loaded for inference.
    """

    model_config = SettingsConfigDict(env_prefix="ENSTORAGE_SERVER_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    hosts: tuple[str, ...] = ()
    max_body_bytes: int = Field(default=8 << 20, gt=0)
    max_upload_bytes: int = Field(default=500_000_000, gt=0)
    max_rows: int = Field(default=1_000_000, gt=0)
    max_streams: int = Field(default=100, gt=0)
    stream_seconds: float = Field(default=3_600, gt=0)
    poll_seconds: float = Field(default=1, gt=0)
    max_inferences: int = Field(default=128, gt=0)
    inference_threads: int = Field(default=4, gt=0)
    max_loaded_models: int = Field(default=32, gt=0)
