# Fails lf. It does not answer LF.

from good import Server, main


class Faulty(Server):
    def on_letter(self, client, letter):
        if letter != '\n':
            super().on_letter(client, letter)


main(Faulty())
