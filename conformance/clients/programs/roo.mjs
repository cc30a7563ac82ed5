// Roo Code's extension cannot be installed from a registry. What decides there is the OpenAI SDK that
// it carries and what it reads of the chunks; both are here: one task from a tool call to the answer.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const words = JSON.parse(readFileSync(0, "utf8"));
const { OpenAI } = await import(pathToFileURL(words.sdk));
const defaultHeaders = { "HTTP-Referer": "https://github.com/RooVetGit/Roo-Cline", "X-Title": "Roo Code", "User-Agent": "RooCode/3.52.1" };
const client = new OpenAI({ apiKey: words.key, baseURL: words.base_url, maxRetries: 0, timeout: 30_000, defaultHeaders });
const parameters = { type: "object", properties: { command: { type: "string" } }, required: ["command"], additionalProperties: false };
const tools = [{ type: "function", function: { name: "execute_command", description: "Run a command.", parameters, strict: true } }];
const messages = [
  { role: "system", content: "You are a coding assistant." },
  { role: "user", content: [{ type: "text", text: words.prompt }] },
];

async function turn() {
  const stream = await client.chat.completions.create({
    model: words.model, ...(words.exact ? { temperature: 0 } : {}), messages, stream: true, stream_options: { include_usage: true },
    tools, tool_choice: "auto", parallel_tool_calls: true,
  });
  let text = "";
  const calls = new Map();
  for await (const chunk of stream) {
    const delta = chunk.choices?.[0]?.delta ?? {};
    text += delta.content || "";
    for (const part of delta.tool_calls ?? []) {
      // A call begins with the first part that has an id; parts before it are lost.
      if (part.id && !calls.has(part.index)) calls.set(part.index, { id: part.id, name: "", input: "" });
      const call = calls.get(part.index);
      if (!call) continue;
      call.name = part.function?.name || call.name;
      call.input += part.function?.arguments || "";
    }
  }
  return { text, calls: [...calls.values()].filter((call) => call.name) };
}

async function task() {
  const first = await turn();
  if (first.calls.length !== 1) throw new Error(`${first.calls.length} tool calls, text ${JSON.stringify(first.text)}`);
  const [call] = first.calls;
  if (call.name !== "execute_command") throw new Error(`tool ${call.name}`);
  const { command } = JSON.parse(call.input);
  if (command !== words.command) throw new Error(`command ${command}`);
  const output = execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" });
  messages.push({
    role: "assistant", content: first.text,
    tool_calls: [{ id: call.id, type: "function", function: { name: call.name, arguments: call.input } }],
  });
  messages.push({ role: "tool", tool_call_id: call.id, content: output });
  const last = await turn();
  const whole = words.exact ? last.text === words.answer : last.text.includes(words.answer);
  if (!whole) throw new Error(`answer ${JSON.stringify(last.text)}`);
}

const complaints = [];
try {
  await task();
} catch (error) {
  complaints.push(`${error?.constructor?.name}: ${String(error?.message ?? error).slice(0, 160)}`);
}
console.log(JSON.stringify(complaints));
process.exit(0);
