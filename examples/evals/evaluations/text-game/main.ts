import { evaluation, seeded } from "../../kit/index.ts";
import { Agent } from "./agent.ts";
import { clock, describeRoom, play } from "./game.ts";
import { drawMap } from "./map.ts";
import { parse, spell, type Action } from "./parser.ts";
import { carried, MAX_SCORE, newWorld, ROOMS } from "./world.ts";

/** An agent plays a text adventure; a person can take a turn in its place. */

interface Parameters {
  readonly seed: number;
  readonly epsilon: number;
  readonly maxTurns: number;
  readonly turnMs: number;
}

/** Inputs of a person that may wait for their turns. */
const MAX_WAITING_INPUTS = 20;

const run = await evaluation<Parameters>();
const { parameters } = run;
const random = seeded(parameters.seed);
const world = newWorld(random);
const agent = new Agent(random);
const inputs: Action[] = [];
const transcript: string[] = [];
let byPersons = 0;

run.onInput((text) => {
  const action = parse(text);
  if (inputs.length >= MAX_WAITING_INPUTS) {
    throw new Error(`${MAX_WAITING_INPUTS} inputs wait for their turn already: let it play first`);
  }
  inputs.push(action);
  return { next: spell(action), waiting: inputs.length };
});
run.onSet((name, value) => run.log.info(`${name} is now ${JSON.stringify(value)}, was ${parameters[name]}`));
run.onStop(keepFiles);

tell(describeRoom(world));
agent.observe(world, []);
while (!world.isOver && world.turn < parameters.maxTurns) {
  await run.checkpoint(`turn ${world.turn}`, () => ({
    world,
    clock: clock(world),
    carried: carried(world),
    agent: { plan: agent.plan, ...agent.memory },
    inputs: inputs.map(spell),
  }));
  takeTurn();
  await run.wait(parameters.turnMs);
}
keepFiles();
run.progress(world.turn, world.turn, world.isOver ? "won" : "over");
run.log.info(
  `the game is ${world.isOver ? "won" : "over, not won"}: score ${world.score} of ${MAX_SCORE} ` +
    `after ${world.turn} turns, ${world.seen.length} of ${Object.keys(ROOMS).length} rooms seen`,
);
run.result({
  won: world.isOver,
  score: world.score,
  maxScore: MAX_SCORE,
  turns: world.turn,
  rooms: world.seen.length,
  turnsByPersons: byPersons,
});

function takeTurn(): void {
  const input = inputs.shift();
  const seenBefore = world.seen.length;
  let action: Action;
  if (input === undefined) {
    const choice = agent.choose(world, parameters.epsilon);
    ({ action } = choice);
    run.log.debug(`turn ${world.turn + 1}, ${clock(world)}: ${choice.why}`);
  } else {
    action = input;
    agent.overruled(world, action);
    byPersons += 1;
    run.log.debug(`turn ${world.turn + 1}, ${clock(world)}: a person's turn`);
  }
  tell([`> ${spell(action)}`]);
  const answer = play(world, action);
  tell(answer);
  agent.observe(world, answer);
  run.metric("score", world.turn, world.score);
  run.metric("rooms", world.turn, world.seen.length);
  run.metric("oil", world.turn, world.lamp.oil);
  run.progress(world.turn, parameters.maxTurns, `${ROOMS[world.room]?.title}, score ${world.score}`);
  if (world.seen.length > seenBefore) run.artifact("map.svg", "image/svg+xml", drawMap(world));
}

function tell(lines: readonly string[]): void {
  transcript.push(...lines);
  for (const line of lines) run.log.info(line);
}

function keepFiles(): void {
  run.artifact("map.svg", "image/svg+xml", drawMap(world));
  run.artifact("transcript.txt", "text/plain", `${transcript.join("\n")}\n`);
}
