extension VirtualRouter {
  /// The checks of RFC 9568 section 7.1 and RFC 3768 section 7.1 that need this router's settings.
  /// An advertisement that fails one changes nothing.
  ///
  /// `listsOurAddresses` tells whether it lists the addresses we were given. In version 3 another
  /// list and another interval are only worth a log line.
  public func admit(
    _ advertisement: Advertisement, from source: IPAddress, listsOurAddresses: Bool
  ) throws(DiscardReason) {
    guard advertisement.version == settings.version else { throw .version }
    guard source != self.source else { throw .ownSource }
    guard settings.version == .version2 else { return }
    guard advertisement.interval == settings.advertisementInterval else { throw .intervalMismatch }
    guard listsOurAddresses || advertisement.priority == .owner else { throw .addressList }
  }
}
