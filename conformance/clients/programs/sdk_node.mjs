// OpenAI SDK for Node: the story of sdk_python.py. `node sdk_node.mjs` reads its words as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const words = JSON.parse(readFileSync(0, "utf8"));
const { OpenAI, APIError } = await import(pathToFileURL(words.sdk));
const { model, echo, said, answer, call: callText, parameters, exact, endpoints } = words;
const client = new OpenAI({ apiKey: words.key, baseURL: words.base_url, maxRetries: 0, timeout: words.ms });
const wanted = words.arguments;
const fn = { name: "weather", parameters, strict: true };
const chatTools = [{ type: "function", function: fn }];
const tools = [{ type: "function", ...fn }];
const turn = { role: "user", content: echo };
const ask = { role: "user", content: callText };

function same(got, expected) {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`got ${JSON.stringify(got)}`);
}

// A text as it has to be: the very one, or around what was asked for.
function shown(got, expected) {
  if (exact || typeof got !== "string" || !got.includes(expected)) same(got, expected);
}

async function chatRound(message) {
  const call = message.tool_calls[0];
  same(message.tool_calls.length, 1);
  same([call.function.name, JSON.parse(call.function.arguments)], ["weather", wanted]);
  const messages = [ask, message, { role: "tool", tool_call_id: call.id, content: said }];
  const made = await client.chat.completions.create({ model, messages, tools: chatTools });
  shown(made.choices[0].message.content, answer);
}

async function responsesRound(made) {
  const calls = made.output.filter((item) => item.type === "function_call");
  same(calls.length, 1);
  same([calls[0].name, JSON.parse(calls[0].arguments)], ["weather", wanted]);
  const output = { type: "function_call_output", call_id: calls[0].call_id, output: said };
  const last = await client.responses.create({ model, input: [ask, ...made.output, output], tools });
  shown(last.output_text, answer);
}

async function refused(which, name, expected) {
  try {
    await which.chat.completions.create({ model: name, messages: [turn] });
  } catch (error) {
    if (error instanceof APIError) return same(error.constructor.name, expected);
    throw error;
  }
  throw new Error("no error");
}

const story = {
  async models() {
    const ids = [];
    for await (const entry of client.models.list()) ids.push(entry.id);
    same(ids.includes(model), true);
    same((await client.models.retrieve(model)).id, model);
  },
  async chat() {
    const made = await client.chat.completions.create({ model, messages: [turn] });
    shown(made.choices[0].message.content, said);
  },
  async chat_stream() {
    const options = { model, messages: [turn], stream: true, stream_options: { include_usage: true } };
    let text = "";
    for await (const chunk of await client.chat.completions.create(options)) {
      text += chunk.choices[0]?.delta?.content ?? "";
    }
    shown(text, said);
  },
  async chat_helper() {
    let grown = "";
    const stream = client.chat.completions.stream({ model, messages: [turn] });
    stream.on("content", (delta) => { grown += delta; });
    shown((await stream.finalChatCompletion()).choices[0].message.content, said);
    shown(grown, said);
  },
  async chat_tools() {
    const made = await client.chat.completions.create({ model, messages: [ask], tools: chatTools });
    await chatRound(made.choices[0].message);
  },
  async chat_tools_helper() {
    const stream = client.chat.completions.stream({ model, messages: [ask], tools: chatTools });
    const [choice] = (await stream.finalChatCompletion()).choices;
    same(choice.finish_reason, "tool_calls");
    await chatRound(choice.message);
  },
  async responses() {
    shown((await client.responses.create({ model, input: echo })).output_text, said);
  },
  async responses_stream() {
    let text = "", last = "";
    for await (const event of await client.responses.create({ model, input: echo, stream: true })) {
      if (event.type === "response.output_text.delta") text += event.delta;
      last = event.type;
    }
    shown(text, said);
    same(last, "response.completed");
  },
  async responses_helper() {
    let grown = "";
    const stream = client.responses.stream({ model, input: echo });
    stream.on("response.output_text.delta", (event) => { grown += event.delta; });
    shown((await stream.finalResponse()).output_text, said);
    shown(grown, said);
  },
  async responses_tools() {
    await responsesRound(await client.responses.create({ model, input: [ask], tools }));
  },
  async responses_tools_helper() {
    await responsesRound(await client.responses.stream({ model, input: [ask], tools }).finalResponse());
  },
  async errors() {
    await refused(client.withOptions({ apiKey: "sk-wrong-0123456789abcdef" }), model, "AuthenticationError");
    await refused(client, "no-such-model", "NotFoundError");
  },
};

const complaints = [];
for (const [name, step] of Object.entries(story)) {
  const endpoint = name.split("_")[0];
  // Where any model answers nothing is asked that has to be refused.
  if (endpoint === "errors" ? !exact : !endpoints.includes(endpoint)) continue;
  try {
    await step();
  } catch (error) {
    complaints.push(`${name}: ${error?.constructor?.name}: ${String(error?.message ?? error).slice(0, 140)}`);
  }
}
console.log(JSON.stringify(complaints));
process.exit(0);
