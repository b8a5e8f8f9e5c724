# Fails lunch. It receives from its clients in turn, and each receive blocks: it waits for the first client before it accepts
# the others.

import contextlib

from good import Server, main


class Faulty(Server):
    def accept(self):
        with contextlib.suppress(BlockingIOError):
            super().accept()
            while len(self.clients) > 1:
                super().accept()
        self.serve(None, None)

    def serve(self, client, events):
        for each in list(self.clients):
            each.connection.setblocking(True)
            super().serve(each, 2 if each.letters or each.pending else 1)


main(Faulty())
