import Glibc
import Testing

@testable import LinuxIO

@Suite struct ProcessLimitsTests {
  @Test(.requiresRoot) func `Real time comes without being inherited, and goes again`() throws {
    try ProcessLimits.setRealtime(priority: 2)
    // 0x40000000 is SCHED_RESET_ON_FORK.
    #expect(sched_getscheduler(0) == SCHED_FIFO | 0x4000_0000)
    var parameters = sched_param(sched_priority: 0)
    #expect(sched_setscheduler(0, SCHED_OTHER, &parameters) == 0)
    #expect(throws: SystemError("sched_setscheduler", EINVAL)) {
      try ProcessLimits.setRealtime(priority: 100)
    }
  }

  @Test(.requiresRoot) func `The nice value becomes -20`() throws {
    let this = __priority_which_t(PRIO_PROCESS.rawValue)
    defer { setpriority(this, 0, 0) }
    try ProcessLimits.raisePriority()
    #expect(getpriority(this, 0) == -20)
  }

  @Test(.requiresRoot) func `Root has the capabilities the daemon needs`() {
    for capability in ProcessLimits.Capability.allCases {
      #expect(ProcessLimits.hasCapability(capability))
    }
  }

  @Test(.requiresRoot) func `Memory can be locked`() throws {
    try ProcessLimits.lockMemory()
    defer { munlockall() }
    #expect(readFile("/proc/self/status").contains("VmLck:"))
  }

  @Test func `The limit of open files becomes the highest allowed, and children get the old one`()
    throws
  {
    var before = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
    try ProcessLimits.raiseDescriptorLimit()
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #expect(limit.rlim_cur == before.rlim_max)
    #expect(try run(shell("ulimit -n")).output == "\(before.rlim_cur)\n")
  }

  @Test func `No core of this process is made, and children get the old limit`() throws {
    let core = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    var before = rlimit()
    getrlimit(core, &before)
    defer { setrlimit(core, &before) }
    try ProcessLimits.forbidCore()
    var limit = rlimit()
    getrlimit(core, &limit)
    #expect(limit.rlim_cur == min(1, before.rlim_max))
    #expect(limit.rlim_max == before.rlim_max)
    // The shell counts in blocks of 512 or 1024 bytes.
    let told = try run(shell("grep '^Max core' /proc/self/limits")).output
    let soft = before.rlim_cur == rlim_t.max ? "unlimited" : "\(before.rlim_cur)"
    #expect(told.split(separator: " ")[4] == soft)
  }
}
