import Basics
import Leases
import TestSupport
import Testing

private func bytes(_ count: Int) -> String { Array(repeating: "aB", count: count).joined(separator: ":") }

@Suite struct ClientIdentifierTests {
    private static let names: [(ClientIdentifier.Kind, String, String)] = [
        (ClientIdentifier.Kind.hardware, "AA:bb:cc:dd:ee:0F", "aa:bb:cc:dd:ee:0f"),
        (.hardware, "20-aa:bb", "20-aa:bb"), (.hardware, "06-" + bytes(16), "06-" + bytes(16).lowercased()),
        (.option61, "FF", "id-ff"), (.option61, "00:61:62", "id-00:61:62"),
        (.option61, bytes(84), "id-" + bytes(84).lowercased()),
        (.duid, "00:01:0A", "duid-00:01:0a"), (.duid, bytes(80), "duid-" + bytes(80).lowercased()),
    ]

    @Test(arguments: names)
    func hasANameThatLeadsBack(kind: ClientIdentifier.Kind, text: String, name: String) throws {
        let client = try #require(ClientIdentifier(kind, ByteString(text)))
        #expect(client.name == ByteString(name))
        #expect(client.name.count <= 255)
        #expect(ClientIdentifier(name: client.name) == client)
    }

    private static let wrong: [(ClientIdentifier.Kind, String)] = [
        (ClientIdentifier.Kind.hardware, ""), (.hardware, "aa:bb:cc:dd:ee"), (.hardware, "20-" + bytes(17)),
        (.option61, ""), (.option61, bytes(85)), (.option61, "f"), (.option61, "ff:"), (.option61, "ff:/.:.."),
        (.option61, "fg"), (.option61, "ff-ff"), (.duid, "00:01"), (.duid, bytes(81)), (.duid, "00:01:\n0"),
    ]

    @Test(arguments: wrong)
    func refuses(kind: ClientIdentifier.Kind, text: String) {
        #expect(ClientIdentifier(kind, ByteString(text)) == nil)
    }

    @Test(arguments: [
        "", "id-", "duid-", "id-aa:bb:cc:dd:ee:fg", "new", ".new", "lock", "duid-aa", "ID-aa", "id-duid-aa",
    ])
    func refusesOtherNames(name: String) {
        #expect(ClientIdentifier(name: ByteString(name)) == nil)
    }

    /// Equal bytes as a MAC address, an option 61 and a DUID are three clients.
    @Test func kindsAreApart() {
        let all = ClientIdentifier.Kind.allCases.map { ClientIdentifier($0, "aa:bb:cc:dd:ee:ff")! }
        #expect(Set(all.map { "\($0.name)" }).count == 3)
    }
}
