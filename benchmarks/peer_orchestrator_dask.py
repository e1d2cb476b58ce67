"""The work of bench_orchestrator.py, done by bare Dask: python peer_orchestrator_dask.py STEPS."""

import json
import sys
import time

import distributed


def empty(number: int) -> int:
    return number


def main() -> None:
    count = int(sys.argv[1])
    began = time.perf_counter()
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True)
    client = distributed.Client(cluster)
    client.submit(empty, -1, pure=False).result()
    start = time.perf_counter() - began
    one = []
    for number in range(20):
        began = time.perf_counter()
        client.submit(empty, number, pure=False).result()
        one.append(time.perf_counter() - began)
    began = time.perf_counter()
    client.gather(client.map(empty, range(count), pure=False))
    many = time.perf_counter() - began
    client.close()
    cluster.close()
    told = {"start": start, "one": sorted(one)[len(one) // 2], "step": many / count}
    print(json.dumps({"version": distributed.__version__, **told}))


if __name__ == "__main__":
    main()
