# Fails start. It ends with an error before it listens.

from good import Server, main


class Faulty(Server):
    def run(self, port):
        raise RuntimeError('no configuration file')


main(Faulty())
