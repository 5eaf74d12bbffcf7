extension VirtualRouter {
  public enum State: Equatable, Sendable {
    case initialize
    case backup(Backup)
    case active(Active)
  }

  /// What a Backup keeps.
  public struct Backup: Equatable, Sendable {
    /// Active_Down_Timer: when it is reached, the Active Router is taken for dead.
    public var activeDownTimer: Instant
    /// Since when only worse Active Routers were heard, for `Preemption.after`.
    var betterSince: Instant?
    /// Who was heard as Active since the last goodbye: only its goodbye counts then.
    var activeRouter: IPAddress?
    /// Whether this router gave its role up and so leaves a worse Active Router in peace.
    var yields: Bool
  }

  /// What an Active Router keeps.
  public struct Active: Equatable, Sendable {
    /// Adver_Timer: when the next advertisement is due.
    public var advertisementTimer: Instant
    /// Before this a losing advertisement is not answered again.
    var answerAllowed: Instant
    /// The shorter interval that advertisements still leave by, and how many of them: the Backups
    /// have to learn of a longer one before they are made to wait for it.
    var slowingDown: (interval: AdvertisementInterval, left: Int)?
    /// Whose advertisements are on their way from before it handed the role over, and until when.
    var passedOver: (source: IPAddress, until: Instant)?

    public static func == (left: Active, right: Active) -> Bool {
      left.advertisementTimer == right.advertisementTimer
        && left.answerAllowed == right.answerAllowed
        && left.slowingDown?.interval == right.slowingDown?.interval
        && left.slowingDown?.left == right.slowingDown?.left
        && left.passedOver?.source == right.passedOver?.source
        && left.passedOver?.until == right.passedOver?.until
    }
  }
}
