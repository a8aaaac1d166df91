"""The workloads, in the order of the results."""

from benchmarks.workloads.base import Workload
from benchmarks.workloads.fan_out import FanOut
from benchmarks.workloads.growth import Growth

ALL: tuple[Workload, ...] = (FanOut(), Growth())
