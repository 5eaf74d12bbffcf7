import CNetlink

/// One step of a rule; all of them use the first register.
enum TableExpression {
  case constant([UInt8])
  /// Of the EtherType.
  case isProtocol(UInt16)
  /// Bytes of the network header, or behind it.
  case network(UInt32, UInt32)
  /// Bytes of the link's header, with the tag of a VLAN where it was.
  case link(UInt32, UInt32)
  case masked([UInt8])
  case equals([UInt8])
  case differs([UInt8])
  case isIn(String, UInt32)
  case verdict(accept: Bool)

  /// Appends it to the list of a rule's expressions.
  func append(to list: inout NetfilterMessage) {
    switch self {
    case .constant(let value):
      Self.expression("immediate", &list) {
        $0.number(1, 1)
        $0.nested(2) { $0.value(TableRules.Attribute.dataValue, value) }
      }
    case .isProtocol(let number):
      Self.expression("meta", &list) {
        // NFTA_META_KEY: NFT_META_PROTOCOL.
        $0.number(2, 1)
        $0.number(1, 1)
      }
      Self.equals([UInt8(number >> 8), UInt8(number & 0xff)]).append(to: &list)
    case .network(let offset, let length): Self.payload(1, offset, length, &list)
    case .link(let offset, let length): Self.payload(0, offset, length, &list)
    case .masked(let mask):
      Self.expression("bitwise", &list) {
        $0.number(1, 1)
        $0.number(2, 1)
        $0.number(3, UInt32(mask.count))
        $0.nested(4) { $0.value(TableRules.Attribute.dataValue, mask) }
        $0.nested(5) { $0.value(TableRules.Attribute.dataValue, mask.map { _ in 0 }) }
      }
    case .equals(let value): Self.comparison(0, value, &list)
    case .differs(let value): Self.comparison(1, value, &list)
    case .isIn(let set, let number):
      Self.expression("lookup", &list) {
        $0.text(1, set)
        $0.number(2, 1)
        $0.number(4, number)
      }
    case .verdict(let accept):
      Self.expression("immediate", &list) {
        $0.number(1, 0)
        $0.nested(2) {
          $0.nested(TableRules.Attribute.dataVerdict) {
            $0.number(TableRules.Attribute.verdictCode, accept ? 1 : 0)
          }
        }
      }
    }
  }

  /// Of NFT_PAYLOAD_LL_HEADER (0) or NFT_PAYLOAD_NETWORK_HEADER (1).
  private static func payload(
    _ base: UInt32, _ offset: UInt32, _ length: UInt32, _ list: inout NetfilterMessage
  ) {
    expression("payload", &list) {
      $0.number(1, 1)
      $0.number(2, base)
      $0.number(3, offset)
      $0.number(4, length)
    }
  }

  /// NFT_CMP_EQ (0) or NFT_CMP_NEQ (1).
  private static func comparison(
    _ operation: UInt32, _ value: [UInt8], _ list: inout NetfilterMessage
  ) {
    expression("cmp", &list) {
      $0.number(1, 1)
      $0.number(2, operation)
      $0.nested(3) { $0.value(TableRules.Attribute.dataValue, value) }
    }
  }

  private static func expression(
    _ name: String, _ list: inout NetfilterMessage,
    _ content: (inout NetfilterMessage) -> Void
  ) {
    list.nested(TableRules.Attribute.listElement) {
      $0.text(TableRules.Attribute.expressionName, name)
      $0.nested(TableRules.Attribute.expressionData, content)
    }
  }
}
