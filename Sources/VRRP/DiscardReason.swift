/// Why a received advertisement was discarded; the raw value is the name of its counter.
///
/// A discarded advertisement changes nothing but that counter. The first fault found names the
/// reason: a message that breaks two rules is counted once.
public enum DiscardReason: String, Error, CaseIterable, Sendable, Hashable {
  /// TTL or Hop Limit is not 255, or the kernel did not tell it (RFC 9568 sections 5.1.1.3, 5.1.2.3
  /// and 7.1, RFC 3768 section 7.1).
  case hopLimit = "hop_limit"
  /// Neither 2 nor 3, version 2 over IPv6, or not the version of the virtual router (RFC 9568
  /// section 7.1, RFC 3768 section 7.1).
  case version
  /// Not an ADVERTISEMENT (RFC 9568 sections 5.2.2 and 7.1, RFC 3768 section 5.3.2).
  case type
  /// Shorter or longer than its address count says (RFC 9568 section 7.1 asks for a complete packet;
  /// trailing bytes are discarded as every implementation does).
  case length
  /// The sum matches no form of the checksum (RFC 9568 sections 5.2.8 and 7.1, RFC 3768 section
  /// 5.3.8).
  case checksum
  /// No virtual router of this VRID on the receiving interface; VRID 0 never is one (RFC 9568
  /// sections 5.2.3 and 7.1).
  case unknownVirtualRouter = "unknown_virtual_router"
  /// An address count of 0 (RFC 9568 section 5.2.5 and erratum 8299).
  case noAddresses = "no_addresses"
  /// An interval of 0 (erratum 8301 on RFC 9568).
  case zeroInterval = "zero_interval"
  /// In version 2: another Advertisement_Interval than configured (RFC 3768 section 7.1).
  case intervalMismatch = "interval_mismatch"
  /// Over IPv6: the first address is not link-local (RFC 9568 section 5.2.9 and erratum 8300).
  case firstAddress = "first_address"
  /// In version 2: an Auth Type other than 0 (RFC 3768 sections 5.3.6 and 7.1).
  case authenticationType = "authentication_type"
  /// In version 2: another address list than configured from a router that is not the owner
  /// (RFC 3768 section 7.1).
  case addressList = "address_list"
  /// Not sent to 224.0.0.18 or ff02::12 (RFC 9568 sections 5.1.1.2 and 5.1.2.2).
  case destination
  /// Sent from an address of this router: its own advertisement come back (no RFC rule; answering
  /// one as RFC 9568 section 6.4.3 says would never end).
  case ownSource = "own_source"
  /// Over IPv6 not a link-local source (RFC 9568 section 5.1.2.1); or an unspecified or group
  /// address, which no router has.
  case source
  /// No trailer where authentication is enforced.
  case missingTrailer = "missing_trailer"
  /// A trailer of another scheme, or with reserved bits.
  case malformedTrailer = "malformed_trailer"
  /// Signed with a key id that is not configured.
  case unknownKey = "unknown_key"
  /// The code in the trailer is not the one that the key makes.
  case invalidCode = "invalid_code"
  /// Signed at a time outside the window.
  case stale
  /// Not newer than the last one accepted from its sender.
  case replayed

  /// Whether the trailer is the reason, other than its mere length: the sender may well be a router
  /// of ours that is not understood.
  public var isAboutTrailer: Bool {
    switch self {
    case .missingTrailer, .malformedTrailer, .unknownKey, .invalidCode, .stale, .replayed: true
    case .hopLimit, .version, .type, .length, .checksum, .unknownVirtualRouter, .noAddresses,
      .zeroInterval, .intervalMismatch, .firstAddress, .authenticationType, .addressList,
      .destination, .ownSource, .source:
      false
    }
  }

  /// The reason in plain words, to follow "discarded:" in a log line.
  public var explanation: String {
    switch self {
    case .hopLimit: "TTL or Hop Limit is not 255, so it may come from another network"
    case .version: "the VRRP version is not the one of this virtual router"
    case .type: "not an advertisement"
    case .length: "the message is shorter or longer than its address count says"
    case .checksum: "the checksum is wrong"
    case .unknownVirtualRouter: "no virtual router of this VRID on this interface"
    case .noAddresses: "it lists no address"
    case .zeroInterval: "its advertisement interval is zero"
    case .intervalMismatch: "its advertisement interval differs from the configured one"
    case .firstAddress: "its first IPv6 address is not link-local"
    case .authenticationType: "it uses authentication, which is not configured"
    case .addressList: "its addresses differ from the configured ones"
    case .destination: "it was not sent to the VRRP group"
    case .ownSource: "it was sent from one of this router's own addresses"
    case .source: "its source address is not one a VRRP router sends from"
    case .missingTrailer: "it is not authenticated, and authentication.mode is enforce"
    case .malformedTrailer: "its authentication trailer is of another scheme or damaged"
    case .unknownKey: "it is signed with a key id that authentication.keys does not have"
    case .invalidCode:
      "its authentication code is wrong: another key under the same id, or a forgery"
    case .stale:
      "it was signed at a time too far from this node's clock: a replay, or clocks that differ"
        + " (compare `chronyc tracking` on both nodes)"
    case .replayed: "it is not newer than the last one from there: a replay"
    }
  }
}
