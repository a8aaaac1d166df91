"""The workloads, in the order of the results."""

from benchmarks.workloads.announcements import Announcements
from benchmarks.workloads.base import Workload
from benchmarks.workloads.channel_layers import ChannelLayers
from benchmarks.workloads.fan_out import FanOut
from benchmarks.workloads.growth import Growth
from benchmarks.workloads.handshakes import Handshakes
from benchmarks.workloads.idle import Idle, Layers
from benchmarks.workloads.jitter import Jitter
from benchmarks.workloads.latency import LATENCIES
from benchmarks.workloads.resume import Resume
from benchmarks.workloads.saved import Saved
from benchmarks.workloads.soak import Soak

ALL: tuple[Workload, ...] = (
    FanOut(),
    Saved("SQLite"),
    Saved("PostgreSQL"),
    *LATENCIES,
    Resume(),
    Jitter(),
    Growth(),
    Idle(),
    Layers(),
    Handshakes(),
    ChannelLayers(),
    Announcements(),
    Soak(),
)
