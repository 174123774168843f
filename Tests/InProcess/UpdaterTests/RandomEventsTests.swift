import Basics
import Ledger
import TestSupport
import Testing

@testable import Updater

/// Events in any order, lost or doubled, kills at any moment, lease files that are cut short or missing, and dnsmasq
/// started by any program.
@Suite struct RandomEventsTests {
    static let shapes = [
        RandomRouter.Shape(isAlone: true), RandomRouter.Shape(),
        RandomRouter.Shape(sharesConfdir: false, sharesLeaseFile: false),
        RandomRouter.Shape(sharesConfdir: false), RandomRouter.Shape(sharesLeaseFile: false),
    ]
    private static let steps = Extent.isAll ? 10_000 : 3_000

    /// After a rest, the published aliases equal those of a plain model. A running process that has loaded something
    /// else is never forgotten.
    @Test(arguments: shapes.indices) func whatIsPublishedFollowsTheTruth(shape: Int) throws {
        let router = try RandomRouter(Self.shapes[shape], UInt64(100 + shape), kills: true, doubles: true)
        let world = router.world
        var texts: Set<String> = []
        let steps = Self.steps / Self.shapes.count
        var step = -1
        // A kill comes only if a reconcile gets as far as its moment.
        while step < steps || router.killed < 4 && step < 20 * steps {
            step += 1
            try router.step()
            if let broken = try world.broken() {
                Issue.record("step \(step): \(broken), after\n\(router.log)")
                return
            }
            if step % 15 != 14 { continue }
            let current = try router.rest()
            let model = PlainModel(world: world, aliases: router.aliases, current: current)
            let confdirs = Set(world.instances.map { $0.confdir })
            func fragments() -> [String] { confdirs.sorted().map { world.fragment(in: $0) } }
            let found = fragments()
            let wanted = confdirs.sorted().map { model.fragment(in: $0) }
            guard found == wanted else {
                Issue.record("step \(step): \(found), not \(wanted), after\n\(router.log)")
                return
            }
            texts.formUnion(found)
            try world.watch()
            #expect(fragments() == found, "a second look changed something, step \(step)")
            #expect(try world.broken() == nil && !world.context().isMarked(), "step \(step)")
            if world.isRunning { try world.endRun() }
            var runs = 0
            while try runs < 3 && world.restart() { runs += 1 }
            let isLoaded = world.instances.allSatisfy { world.process($0)?.loaded == world.onDisk($0.confdir) }
            guard isLoaded, runs < 2, !world.isPending(), fragments() == found else {
                Issue.record(
                    "step \(step): \(runs) runs, \(world.loaded), \(fragments()), pending \(world.isPending())")
                return
            }
        }
        #expect(texts.count > 5 && router.killed > 3, "\(texts.count) fragments, \(router.killed) kills")
    }

    /// Runs that differ only in doubled events end equal.
    @Test(arguments: shapes.indices) func doubledEventsChangeNothing(shape: Int) throws {
        let routers = try [false, true].map { doubles in
            try RandomRouter(Self.shapes[shape], UInt64(200 + shape), kills: false, doubles: doubles)
        }
        for step in 0..<Self.steps / Self.shapes.count / 2 {
            for router in routers { try router.step() }
            if step % 15 != 14 { continue }
            for router in routers { _ = try router.rest() }
            let found = try routers.map { router in
                let world = router.world
                let loaded = world.instances.map { world.process($0)?.loaded?.directives ?? "" }
                return [world.fragment(in: "conf"), world.fragment(in: "guest"), "\(world.isPending())"] + loaded
                    + (try world.context().storage.all()).map {
                        "\($0.client.name) \($0.lease.addresses.text) \($0.lease.since?.sinceStart.milliseconds ?? 0)"
                    }.sorted()
            }
            guard found[0] == found[1] else {
                Issue.record("step \(step): \(found[0]), but \(found[1]), after\n\(routers[1].log)")
                return
            }
        }
    }
}
