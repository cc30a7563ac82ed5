"""LitServe's OpenAI spec on loopback: `python litserve_app.py PORT`; the model says the prompt again, word by word."""

import sys

import litserve


class Echo(litserve.LitAPI):
    def setup(self, device):
        pass

    def predict(self, prompt):
        last = (prompt.messages if hasattr(prompt, "messages") else prompt)[-1]
        text = last["content"] if isinstance(last, dict) else last.content
        if not isinstance(text, str):
            parts = [p if isinstance(p, dict) else vars(p) for p in text or []]
            text = " ".join(part.get("text") or "" for part in parts)
        for n, word in enumerate(f"You said: {text}".split(" ")):
            yield word if n == 0 else f" {word}"


if __name__ == "__main__":
    server = litserve.LitServer(Echo(spec=litserve.OpenAISpec()))
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False
    )
