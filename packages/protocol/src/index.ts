export {
  advise,
  type Advised,
  type Advice,
  allowedOf,
  applies,
  type Change,
  completeNeeds,
  describeNumber,
  type Effect,
  type Need,
  type NeedName,
  NEEDS,
  needsWith,
  type Needs,
  type NeedValue,
  type Only,
  type Option,
  type Ranked,
  type Reason,
  type Rule,
  RULES,
  type Setting,
  type SettingRule,
  SETTINGS,
  TRANSPORT_NAMES,
  type TransportName,
  TRANSPORTS,
  type UseCase,
  USE_CASES,
} from "./advice/index.ts";
export { checkPreview, encodeArtifact } from "./artifact.ts";
export { fromBase64, toBase64 } from "./base64.ts";
export { type Allocate, ByteWriter } from "./byte-writer.ts";
export { CLIENT_FRAME_TYPES, ClientFrameError, parseClientFrame } from "./client-frame.ts";
export { CLOSE_CODES, type CloseCode } from "./close-codes.ts";
export { checkCommandName, compileCommandPattern, isOwnCode } from "./command-name.ts";
export {
  type Cursor,
  formatCursor,
  formatPosition,
  MAX_COMPACT_CURSOR_BYTES,
  MAX_CURSOR_BYTES,
  type Offset,
  parseCursor,
  parsePosition,
  toOffset,
} from "./cursor.ts";
export { deflatedFormat } from "./deflated-format.ts";
export { type ErrorCode, type ErrorDetails, ERRORS, TidingsError } from "./errors.ts";
export {
  binaryWebSocketFormat,
  ndjsonFormat,
  pageFormat,
  sseFormat,
  sseObjectFormat,
  sseSharedFormat,
  webSocketFormat,
} from "./formats.ts";
export type {
  ClientFrame,
  CommandFrame,
  GapFrame,
  GapReason,
  JoinFrame,
  Member,
  MultiPage,
  Page,
  PresenceFrame,
  PublishFrame,
  ServerFrame,
  StreamFrame,
  SubscribeFrame,
} from "./frames.ts";
export { jsonFault } from "./json-fault.ts";
export { sliceMember } from "./json-slice.ts";
export {
  DEFAULT_LIMITS,
  IDEMPOTENCY_MS,
  type Limits,
  MAX_COMMAND_NAME_BYTES,
  MAX_MEMBER_BYTES,
} from "./limits.ts";
export { parseTime } from "./time.ts";
export { type ArtifactReference, formatTime, type MessageObject, payloadOf } from "./message-object.ts";
export { type Message, messageBytes, type NewMessage, type PayloadKind } from "./message.ts";
export {
  checkChannel,
  checkEvent,
  checkIdempotencyKey,
  checkKey,
  DEFAULT_EVENT,
  isReserved,
  quote,
} from "./names.ts";
export { LineDecoder } from "./ndjson-decoder.ts";
export { compilePattern } from "./pattern.ts";
export { PREVIEW_SOURCE_BYTES, previewOf } from "./preview.ts";
export { PublishScanner } from "./publish-scan.ts";
export { errorFrame, parseBinaryFrame, parseServerFrame } from "./server-frame.ts";
export { SseDecoder, type SseEvent, type SseHandler } from "./sse-decoder.ts";
export { encodeTextFrame } from "./websocket-frame.ts";
export {
  type Batch,
  encodeBatch,
  joinBatches,
  sliceBatch,
  type Source,
  type WireFormat,
} from "./wire-format.ts";
