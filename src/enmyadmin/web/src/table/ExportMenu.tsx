import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { Listing } from "@/api/queries";
import { address } from "@/api/request";
import type { Collection } from "@/api/types";
import { useTexts } from "@/i18n";

const FORMATS = ["csv", "parquet", "json"] as const;

interface Properties {
  collection: Collection;
  listing: Listing;
  /** The selected records; none of them: all that match. */
  ids: number[];
}

/** Downloads the selected records, or all that match, with the chosen columns. */
export function ExportMenu({ collection, listing, ids }: Properties) {
  const { t } = useTexts();
  const { limit: _, ...asked } = listing;
  const selected = ids.length > 0 ? { where: `id in (${ids.join(", ")})` } : {};
  const text = t(ids.length > 0 ? "action.export_selected" : "action.export");
  return (
    <Menu withinPortal position="bottom-end">
      <Menu.Target>
        <Tooltip label={text}>
          <ActionIcon variant="default" size="lg" aria-label={text}>
            <IconDownload size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label c="dimmed">{text}</Menu.Label>
        {FORMATS.map((each) => (
          <Menu.Item
            key={each}
            component="a"
            href={address(`/${collection}/export`, { ...asked, ...selected, format: each })}
            download
          >
            {t(`format.${each}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
