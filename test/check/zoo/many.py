# Fails many. It serves five clients and turns the others away.

from good import Server, main


class Faulty(Server):
    def accept(self):
        super().accept()
        if len(self.clients) > 5:
            super().leave(self.clients[-1])


main(Faulty())
