# Fails delay. It writes the letter and its line feed apart, without TCP_NODELAY.

from good import Server, main


class Faulty(Server):
    no_delay = False

    def on_letter(self, client, letter):
        super().on_letter(client, letter)
        if len(client.pending) < 1000:
            self.send(client)


main(Faulty())
