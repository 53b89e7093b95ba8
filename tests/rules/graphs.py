"""Graphs as the tests of drawings use them: the documented parent, an upgrade's child, and any DAG."""

from random import Random

from upgrades.rules.dag import Graph, Links, Node, graph_of

BEFORE = ["Start node", "Prepare upgrade cluster", "Execute upgrade checker"]
BEFORE += ["Install rpm", "Execute upgrade pre script"]
ZONE_HEAD = ["Set zone context", "Check cluster health", "Stop zone"]
SERVER = ["Stop observer process", "Replace observer binary", "Start observer process", "Wait observer active"]
ZONE_TAIL = ["Wait node", "Check refresh schema", "Start zone", "Update zone status"]
AFTER = ["Execute upgrade post script", "Check OB version", "Sync cluster info", "Update OB cluster status"]


def parent(hops=1):
    """Return the parent as OCP answers it: a pair of subtasks for each hop, ids in no order of time."""
    labels = ["Start node", "Prepare upgrade cluster"]
    labels += ["Submit cluster upgrade task", "Wait dag success"] * hops
    labels.append("Update OB cluster status")
    keys = [f"p:{130231 - place}" for place in range(len(labels))]
    links = [
        Links(Node(key, label), tuple(keys[max(0, place - 1) : place]), tuple(keys[place + 1 : place + 2]))
        for place, (key, label) in enumerate(zip(keys, labels, strict=True))
    ]
    return graph_of(links)


def wait_keys(graph):
    """Return the keys of the parent's waiting subtasks, first hop first."""
    return [node.key for node in reversed(graph.nodes) if node.label == "Wait dag success"]


class _Steps:
    """Subtasks as they are added, each behind those given."""

    def __init__(self, prefix):
        self.prefix, self.nodes, self.edges = prefix, [], []

    def add(self, labels, tails, group=""):
        for label in labels:
            node = Node(f"{self.prefix}:{len(self.nodes) + 1000}", label, group, group)
            self.nodes.append(node)
            self.edges += [(tail, node.key) for tail in tails]
            tails = [node.key]
        return tails


def child(zones=3, servers=2, prefix="c", are_servers_named=True):
    """Return an upgrade's child: zone by zone, the servers of a zone side by side."""
    steps = _Steps(prefix)
    tails = steps.add(BEFORE, [])
    for zone in range(1, zones + 1):
        tails = steps.add(ZONE_HEAD, tails)
        names = [f"10.24.{zone}.{server}" if are_servers_named else "" for server in range(1, servers + 1)]
        ends = [steps.add(SERVER, tails, name)[0] for name in names]
        tails = steps.add(ZONE_TAIL, ends)
    steps.add(AFTER, tails)
    return Graph(tuple(steps.nodes), tuple(steps.edges))


def any_dag(count, seed=1, reach=16):
    """Return a DAG of so many nodes, most with one upstream, some with two, none far away."""
    random = Random(seed)  # noqa: S311 a fixed graph, not a secret
    edges = {
        (f"n{max(0, place - random.randint(1, reach))}", f"n{place}")
        for place in range(1, count)
        for _ in range(random.choice((1, 1, 1, 2)))
    }
    return Graph(tuple(Node(f"n{place}", f"Step {place}") for place in range(count)), tuple(sorted(edges)))
