import { openApi } from "../../../src/http/openapi.ts";

export interface Media {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Readonly<Record<string, unknown>>;
}
export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}
export interface ApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export const api: ApiDocument = openApi as ApiDocument;

const METHODS = ["get", "head", "post", "put", "patch", "delete"];

/** Every operation of a document, with its method in capitals. */
export function operationsOf(
  document: ApiDocument,
): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method: method.toUpperCase(), operation }];
    }),
  );
}

/** The problem codes that a response names. */
export function codesOf(response: { readonly content?: Readonly<Record<string, Media>> }): readonly string[] {
  const schema = response.content?.["application/problem+json"]?.schema as
    | {
        readonly allOf: readonly [
          unknown,
          { readonly properties: { readonly code: { readonly enum: readonly string[] } } },
        ];
      }
    | undefined;
  return schema?.allOf[1].properties.code.enum ?? [];
}
