# Fails lf. It answers LF with CR LF.

from good import Server, main


class Faulty(Server):
    def on_letter(self, client, letter):
        super().on_letter(client, letter)
        if letter == '\n':
            client.pending[-1:] = b'\r\n'


main(Faulty())
