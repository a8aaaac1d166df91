"""The workloads, in the order of the results."""

from benchmarks.workloads.base import Workload
from benchmarks.workloads.fan_out import FanOut

ALL: tuple[Workload, ...] = (FanOut(),)
