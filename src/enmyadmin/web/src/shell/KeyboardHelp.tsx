import { Kbd, Modal, Table } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { type Key, useTexts } from "@/i18n";

const SHORTCUTS: [string[], Key][] = [
  [["/"], "keys.find"],
  [["Ctrl", "K"], "keys.find"],
  [["?"], "keys.help"],
  [["Shift", "Click"], "keys.range"],
  [["Esc"], "keys.close"],
];

/** The list of shortcuts, opened by `?`. */
export function KeyboardHelp() {
  const { t } = useTexts();
  const [opened, { open, close }] = useDisclosure();
  useHotkeys([["shift+?", open], ["?", open]]);
  return (
    <Modal opened={opened} onClose={close} title={t("keys.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Table>
        <Table.Tbody>
          {SHORTCUTS.map(([keys, text]) => (
            <Table.Tr key={keys.join()}>
              <Table.Td>
                {keys.map((each) => (
                  <Kbd key={each} mr={4}>
                    {each}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{t(text)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
