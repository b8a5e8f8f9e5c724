# Fails start. It listens on the next port.

from good import Server, main


class Faulty(Server):
    def run(self, port):
        super().run(port + 1 if port < 65535 else port - 1)


main(Faulty())
