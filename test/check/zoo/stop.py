# Fails stop. It ignores SIGTERM.

from good import Server, main


class Faulty(Server):
    def accept(self):
        import signal

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().accept()


main(Faulty())
