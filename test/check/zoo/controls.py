# Fails controls. It stores control characters.

from good import Server, main


class Faulty(Server):
    def on_letter(self, client, letter):
        if letter == '\n':
            super().on_letter(client, letter)
        else:
            self.store(client, letter)
            self.reply(client, letter)


main(Faulty())
