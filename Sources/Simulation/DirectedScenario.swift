import VRRP

extension Scenario {
  /// A scenario without chance: a perfect LAN with a delay of 1 ms, programs that do what they should,
  /// and exactly these injections.
  ///
  /// The trouble ends after `length`; the priority of the nodes is 200, 170, 140 and so on.
  static func directed(
    nodes count: Int = 2, interval: AdvertisementInterval = .standard, leaseTenths: Int = 25,
    hookCount: Int = 0, preemption: Preemption = .never, hasChannel: Bool = false,
    length: Nanoseconds = 60 * .second,
    _ injections: [Injection] = []
  ) -> Scenario {
    var scenario = Scenario(seed: 0)
    scenario.members = (0..<count).map { index in
      Member(
        priority: Priority(UInt8(200 - 30 * index)), preemption: preemption, drift: 0, offset: 0,
        hookCount: hookCount, hasChecks: false)
    }
    scenario.version = .version3
    scenario.interval = interval
    scenario.otherInterval = interval
    scenario.leaseTenths = leaseTenths
    scenario.mechanism = .deadline
    scenario.addresses = AddressSet(first: 2)
    scenario.minimumDelay = .millisecond
    scenario.maximumDelay = .millisecond
    scenario.isFast = true
    scenario.lossPercent = 0
    scenario.duplicatePercent = 0
    scenario.hasStalls = true
    scenario.hooksMisbehave = false
    scenario.detectsConflicts = true
    scenario.hasChannel = hasChannel
    scenario.promisesTelling = hasChannel
    scenario.hasSecondPath = false
    scenario.channelLoss = 0
    scenario.lateReports = 0
    scenario.hasMaintenance = false
    scenario.troubleEnds = length
    scenario.injections = injections
    return scenario
  }
}
