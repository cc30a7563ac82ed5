"""llama.cpp's HTTP server on loopback: `python llama_server.py MODEL PORT KEY [ALIAS]`."""

import signal
import sys
import threading

import xllamacpp


def main() -> None:
    model, port, key, alias = (*sys.argv[1:5], "tiny-random")[:4]
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.hostnames = ["127.0.0.1"]
    settings.port = int(port)
    settings.api_keys = [key]
    settings.model_alias = {alias}
    settings.n_ctx, settings.n_parallel = 32768, 4
    settings.n_gpu_layers = 0
    settings.use_jinja = True
    settings.warmup = False
    settings.offline = True
    settings.ui = False
    settings.cpuparams.n_threads = 1
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()


main()
