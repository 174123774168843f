/// The environment that dnsmasq gives a hook for a lease event.
public func variables(
    _ action: String, _ client: String, _ address: String, _ name: String, _ more: [String: String] = [:]
) -> [String: String] {
    var all = ["ACTION": action, "MACADDR": client, "IPADDR": address, "HOSTNAME": name]
    if action != "remove" { all["DNSMASQ_INTERFACE"] = "br-lan" }
    return all.merging(more) { $1 }
}
