import Failover
import LinuxIO
import VRRP

/// What a handover has left behind in the kernel of a node: connections that came in between the last
/// look of the reset and the end of the addresses.
///
/// The kernel lists them without the addresses too. Their clients cannot be told from here any more: the
/// successor does that. Then they are ended here as well, so that no server keeps them.
final class LateWork {
  /// One virtual router of which that is looked for.
  final class Part {
    let router: LocalRouter
    let scope: ConnectionScope
    /// Who has taken over.
    let partner: String
    /// Whether that node is to tell the clients.
    var isTold: Bool
    /// What is found.
    var ledger: ConnectionLedger
    var found = 0
    var reset = 0

    init(_ router: LocalRouter, _ scope: ConnectionScope, partner: String) {
      self.router = router
      self.scope = scope
      self.partner = partner
      isTold = router.configuration.connections.onTakeover == .tickle
      ledger = ConnectionLedger(addresses: scope.addresses)
      ledger.beginSurvey()
    }

    /// Whether something is here to be ended: not once the role has come back.
    var isToEnd: Bool { found > 0 && router.isWithoutAddresses }
  }

  final class Survey {
    var survey: ConnectionSurvey
    init(_ survey: consuming ConnectionSurvey) { self.survey = survey }
  }

  final class Reset {
    var reset: ConnectionReset
    let parts: [Part]

    init(_ reset: consuming ConnectionReset, _ parts: [Part]) {
      self.reset = reset
      self.parts = parts
    }
  }

  enum Phase {
    case listing(Survey)
    /// Parcels leave, one in each turn of the loop.
    case telling
    case ending(Reset)
  }

  /// The step `released` is to be on its way before anything else is done.
  static let pause = Duration.milliseconds(1)
  /// How long all of it may take.
  static let limit = Duration.milliseconds(500)

  let parts: [Part]
  let deadline: Instant
  var phase: Phase

  init(_ parts: [Part], _ survey: consuming ConnectionSurvey, until deadline: Instant) {
    self.parts = parts
    self.deadline = deadline
    phase = .listing(Survey(survey))
  }

  /// When something is to be done that no descriptor tells.
  var nextDeadline: Instant {
    switch phase {
    case .listing, .ending: deadline
    case .telling: .longAgo
    }
  }

  /// What the kernel answers to.
  var descriptor: Int32? {
    switch phase {
    case .listing(let listing): listing.survey.descriptor
    case .telling: nil
    case .ending(let ending): ending.reset.descriptor
    }
  }
}
