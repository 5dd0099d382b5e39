/** Content of a terminal at one moment. Plain data. */
export interface Screen {
  /** Every row from the top, without trailing blanks. */
  readonly lines: readonly string[];
  /**
   * The rows as one text: wrapped rows are joined to one line. Without the empty lines at the end.
   */
  readonly text: string;
  /** Position of the next character. Both count from 0: `lines[cursor.row]`. */
  readonly cursor: { readonly row: number; readonly column: number };
  /** Window title that the program has set. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /**
   * Whether the program uses the alternate screen, as full-screen programs do. The previous content
   * returns when the program ends.
   */
  readonly alternate: boolean;
  /** The screen in a frame, for people. */
  readonly framed: string;
}
