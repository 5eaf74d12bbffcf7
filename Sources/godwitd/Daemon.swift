import Authentication
import CLinux
import Configuration
import Control
import Failover
import Glibc
import LinuxIO
import Recording
import VRRP

/// The loop that joins the rooms: what the kernel, the programs and the people say goes into the
/// virtual routers as events, and what comes out is performed, one effect after the other.
///
/// There is one road. A timer, a datagram, a netlink event, a program's end and a command all reach
/// `feed`, which asks the participant and performs its answer; results of an effect come back as
/// further events behind it. One thread owns everything, so nothing here is locked, and nothing
/// here waits: what takes time is a child process.
final class Daemon {
  var configuration: NodeConfiguration
  let configurationPath: String
  let log: Log
  var loop: EventLoop
  var signals: SignalSource
  var notifier: ServiceNotifier
  /// Whether what `systemctl status` shows has changed.
  var owesStatus = false
  let interfaces: Interfaces
  let announcer: Announcer
  let connections: Connections
  var lease: Lease
  /// When the kernel is asked next whether all that silences this node is in place.
  var leaseInspectionDue: Instant?
  /// How often it was not.
  var leaseRepairs = 0
  let sockets: AdvertisementSockets
  let neighbors = NeighborSockets()
  let peers = Peers()
  let children = Children()
  let control: ControlServer
  let store: StateStore
  /// Where everything that happens is recorded, when somebody wants that.
  let recorder: DiskWriter?
  var routers: [LocalRouter] = [] {
    didSet { namedRouters = nil }
  }
  /// The virtual routers by name; made when somebody asks.
  var routersByName: [String: LocalRouter] {
    if let namedRouters { return namedRouters }
    let named = Dictionary(routers.map { ($0.name, $0) }) { first, _ in first }
    namedRouters = named
    return named
  }
  private var namedRouters: [String: LocalRouter]?
  /// The virtual routers by where their advertisements come from.
  var places: [Place: LocalRouter] = [:]
  /// nil without authentication.
  var keyring: Keyring?
  /// The time that trailers carry, and what is known of the clocks of others.
  var clock: SigningClock
  /// How much this node's clock is ahead of the clocks of those whose advertisements were accepted.
  var skews: [IPAddress: Duration] = [:]
  /// The same of those with a right key that were outside the window, and when.
  var staleSkews: [IPAddress: (skew: Duration, at: Instant)] = [:]
  /// Those that got advertisements in this batch which were discarded for their trailer.
  var unreadable: [LocalRouter] = []
  /// Advertisements of the batch that is being received; kept for its memory.
  var heard: [(router: LocalRouter, advertisement: Advertisement, source: IPAddress)] = []
  /// Credentials of the users that hooks and checks run as.
  var accounts: [String: Account.Credentials]
  var discards = DiscardCounters()
  var operations = Operations()
  var maintenanceRequests = MaintenanceRequests()
  let started = Clock.now()
  var loaded = Timestamp.now()

  private var queue: [(router: LocalRouter, event: Participant.Event)] = []
  private var deadlines = Deadlines()
  /// Those whose time has come, while they are told.
  private var due: [LocalRouter] = []
  /// Effects that only tell, until the queue is empty.
  private var tellings: [(router: LocalRouter, effect: Participant.Effect)] = []
  private var isFeeding = false
  /// When the participant gave the answer that is being performed.
  private(set) var answered = Clock.now()
  var isStopping = false
  /// Whether something that the configuration wants may be possible now.
  var isToFit = false
  var stopDeadline: Instant?
  var carrierPoll = CarrierPoll()
  private var watchdogDue: Instant?
  var sleptBefore = Clock.slept()
  /// Less than that is the difference of two readings of a clock.
  static let shortestSleep = Duration.milliseconds(5)
  /// When sockets that could not be opened are tried again.
  var socketRetry: Instant?

  /// Whether an earlier run left addresses behind, so it ended without a goodbye.
  private let isRestart: Bool
  /// What it left under maintenance, by the name of the virtual router.
  private let leftovers: [String: Leftover]

  /// How long a stop waits for programs that only tell something.
  static let noticeGrace = Duration.seconds(10)
  static let socketRetryPause = Duration.seconds(5)
  /// Until systemd is told again what it had no room for.
  static let notifyPause = Duration.milliseconds(100)
  /// Full batches of advertisements that are heard before a claim: more than a socket's queue holds.
  static let mostBatches = 32

  init(_ parts: consuming Startup, recording: String?) {
    configuration = parts.configuration
    configurationPath = parts.path
    log = parts.log
    loop = parts.loop
    signals = parts.signals
    notifier = parts.notifier
    interfaces = parts.interfaces
    announcer = parts.announcer
    connections = Connections(parts.tickleSender, parts.neighbors)
    lease = parts.lease
    isRestart = parts.foundLeftovers
    leftovers = parts.leftovers
    sockets = AdvertisementSockets()
    control = parts.control
    store = parts.store
    recorder = recording.map { [log] path in
      DiskWriter(["--write-recording", path], subject: "recording", number: 2, log: log)
    }
    accounts = parts.accounts
    keyring = parts.keyring
    clock = SigningClock(wallClock: Clock.sinceEpoch(), at: Clock.now())
  }

  /// Runs until everything is released after SIGTERM.
  func run() throws(SystemError) {
    try loop.watch(signals.descriptor, for: .readable, token: Token.signals.with(0))
    try loop.watch(interfaces.descriptor, for: .readable, token: Token.links.with(0))
    try loop.watch(control.descriptor, for: .readable, token: Token.listener.with(0))
    watchdogDue = notifier.watchdogInterval.map { Clock.now() + $0 / 2 }
    try recorder?.begin(loop: loop)
    start()
    notifier.ready()
    tellSystemd()
    var events: [(token: UInt64, readiness: EventLoop.Readiness)] = []
    while !isDone {
      try loop.arm(nextDeadline)
      events.removeAll(keepingCapacity: true)
      try loop.wait { token, readiness in events.append((token, readiness)) }
      // Deadlines before events: a flood of either kind must not make an advertisement late.
      passTime()
      for event in events { dispatch(event.token, event.readiness) }
      passTime()
      tellPeersWhenDue()
      leaveFinishedRouters()
      if isToFit, !isStopping { fitRouters() }
      tellSystemdNow()
      notifier.sendOwed()
    }
    notifier.stopping()
    removeFences()
    children.endAll(log: log)
    store.writer.close()
    recorder?.close()
    control.close()
  }

  private func start() {
    let now = Clock.now()
    for configuration in configuration.virtualRouters {
      add(
        LocalRouter(
          configuration, term: store.term(configuration.name), isRestart: isRestart,
          maintenance: store.maintenance(configuration.name),
          leftover: leftovers[configuration.name], at: now))
    }
    scheduleLeaseInspection(at: now)
    joinConnectionsToPeers()
    fitPeers()
    connections.surveyDue = now + Connections.surveyPause
  }

  // MARK: Time

  private var nextDeadline: Instant? {
    var next = earliest(stopDeadline, earliest(carrierPoll.nextDeadline, watchdogDue))
    if notifier.owes { next = earliest(next, Clock.now() + Self.notifyPause) }
    next = earliest(next, earliest(socketRetry, operations.nextDeadline))
    next = earliest(next, maintenanceRequests.nextDeadline)
    next = earliest(next, earliest(control.nextDeadline, leaseInspectionDue))
    next = earliest(next, peers.nextDeadline(at: Clock.now()))
    next = earliest(next, connections.nextDeadline)
    return earliest(next, deadlines.earliest())
  }

  /// Tells everyone whose time has come.
  private func passTime() {
    noticeSleep()
    let now = Clock.now()
    deadlines.takeDue(at: now, &due)
    for router in due {
      hearBeforeClaiming(router, at: now)
      // A few rounds at once: the pieces of a long announcement follow each other.
      var rounds = 0
      while let due = router.deadline, due <= now, rounds < 8 {
        feed(router, .timer)
        rounds += 1
      }
      deadlines.note(router)
    }
    due.removeAll(keepingCapacity: true)
    if let due = carrierPoll.nextDeadline, due <= now { pollCarrier(at: now) }
    if let due = socketRetry, due <= now {
      socketRetry = nil
      for router in routers { applyLink(router) }
      fitNeighborSockets()
    }
    inspectLeasesWhenDue(at: now)
    passConnectionTime(at: now)
    if let due = watchdogDue, due <= now {
      notifier.watchdog()
      watchdogDue = notifier.watchdogInterval.map { now + $0 / 2 }
    }
    operations.passTime(at: now) { finish($0, $1) }
    settleMaintenance(at: now)
    control.passTime(at: now, loop: loop)
  }

  // MARK: Events of the loop

  private func dispatch(_ token: UInt64, _ readiness: EventLoop.Readiness) {
    guard let (kind, number) = Token.split(token) else { return }
    switch kind {
    case .signals: takeSignals()
    case .links: takeLinkEvents()
    case .advertisements: _ = receive(number)
    case .neighbors: hearNeighbors(number)
    case .peers: hearPeers(number)
    case .listener: control.accept(loop: loop, log: log)
    case .client: serve(number, readiness)
    case .childExit: childEnded(number)
    case .childInput: childWants(number)
    case .childOutput: childSays(number)
    case .childError: childComplains(number)
    case .connections: proceedConnections(number)
    case .diskWriter: (number == 2 ? recorder : store.writer)?.isReady(loop: loop)
    }
  }

  private func takeSignals() {
    while let signal = signals.next() {
      switch signal {
      case SIGTERM, SIGINT: stop()
      case SIGHUP:
        switch reload() {
        case .success(let outcome): log.write(.notice, outcome.message)
        case .failure(let refusal): log.write(.error, refusal.message)
        }
      default: break
      }
    }
  }

  // MARK: The one road

  /// Gives an event to a virtual router and performs everything that follows from it.
  func feed(_ router: LocalRouter, _ event: Participant.Event) {
    queue.append((router, event))
    guard !isFeeding else { return }
    isFeeding = true
    var next = 0
    while next < queue.count {
      let (router, event) = queue[next]
      next += 1
      let now = Clock.now()
      let effects = router.participant.handle(event, at: now)
      answered = now
      recorder?.submit(RecordedLine(router.name, event, effects, at: now).bytes(), loop: loop)
      keepTerm(of: router)
      for effect in effects {
        // What only tells waits until nothing is left to be done: no log line delays an address.
        if effect.onlyTells {
          tellings.append((router, effect))
        } else {
          perform(effect, for: router)
        }
      }
      router.deadline = router.participant.nextDeadline
      deadlines.note(router)
    }
    for (router, effect) in tellings { perform(effect, for: router) }
    tellings.removeAll(keepingCapacity: true)
    queue.removeAll(keepingCapacity: true)
    isFeeding = false
  }

  /// On its way to the disk before anybody hears of it: after a crash it must not be given again.
  private func keepTerm(of router: LocalRouter) {
    guard router.participant.highestTerm != router.savedTerm else { return }
    router.savedTerm = router.participant.highestTerm
    store.keep(term: router.savedTerm, of: router.name, loop: loop)
  }
}
