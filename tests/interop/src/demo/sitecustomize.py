"""Python loads this at its start: it leads the name of the demonstration to this machine, and changes nothing else."""
import os
import socket

real = socket.getaddrinfo


def getaddrinfo(host, port, *arguments, **options):
    if host == "demo.scitokens.org":
        host, port = "127.0.0.1", int(os.environ["DEMO_PORT"])
    return real(host, port, *arguments, **options)


socket.getaddrinfo = getaddrinfo
