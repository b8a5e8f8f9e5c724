// What this process has cost since its start.

export function processCost(): { readonly cpuSeconds: number; readonly contextSwitches: number } {
  const usage = process.resourceUsage(); // in microseconds; unlike /proc also on macOS
  return {
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
  };
}
